import type { RouteSettings } from '../../config/weir_config.ts';
import type { ModelsView } from '../../formats/cluster/cluster_view.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { ClientFormat, Upstream } from '../upstream/upstream.ts';
import type { BreakerState } from './provider_breaker.ts';
import { ProviderKeys, type RoutedUpstream, type SelectedRoute } from './selected_route.ts';
import { type OrderFacts, orderTargets } from './target_order.ts';

/** Upstreams and routes of one configuration. It never changes: another configuration is another table. */
export class RoutingTable {
  /** One for each provider, the fake one too. */
  readonly upstreams: readonly Upstream[];
  readonly defaultProvider: string;
  readonly #upstreams: ReadonlyMap<string, ProviderKeys>;
  readonly #routes: ReadonlyMap<string, RouteSettings>;

  readonly #inFlight: (provider: string) => number;

  /**
   * @param upstreams several of one name are the keys of one provider
   * @param inFlight streams that a provider answers now, as far as this instance knows
   */
  constructor(
    upstreams: readonly RoutedUpstream[],
    routes: Readonly<Record<string, RouteSettings>>,
    defaultProvider: string,
    inFlight: (provider: string) => number = () => 0,
  ) {
    const byName = Map.groupBy(upstreams, ({ upstream }) => upstream.name);
    this.#upstreams = new Map(
      [...byName].map(([name, keys]) => [name, new ProviderKeys(keys as [RoutedUpstream, ...RoutedUpstream[]])]),
    );
    this.upstreams = [...this.#upstreams.values()].map(({ upstream }) => upstream);
    this.#inFlight = inFlight;
    this.#routes = new Map(Object.entries(routes));
    this.defaultProvider = defaultProvider;
  }

  /**
   * The targets of a request of `/api/v1/stream`.
   * @param provider undefined: the route of that name, or the default provider's model
   * @throws WeirError validation_error, service_unavailable
   */
  select(provider: string | undefined, model: string, facts: OrderFacts): SelectedRoute {
    const route = provider === undefined ? this.#routes.get(model) : undefined;
    if (route) return this.#along(model, route, facts, 'weir');
    const wanted = provider ?? this.defaultProvider;
    const found = this.#upstreams.get(wanted);
    if (!found) {
      const names = this.upstreams.filter((upstream) => upstream.serves('weir')).map(({ name }) => name);
      throw invalid('provider', `unknown provider "${wanted}"; known: ${names.join(', ')}`);
    }
    if (!found.upstream.serves('weir')) throw invalid('provider', `"${wanted}" ${lacking('weir')}`);
    return direct(found, model, facts);
  }

  /**
   * The targets of a request of `/v1/*`.
   * @param name a route, or `provider/model`; any other name, with a slash or not, is of the provider that
   * {@link answering} names
   * @throws WeirError validation_error, service_unavailable
   */
  selectNamed(name: string, format: ClientFormat, facts: OrderFacts): SelectedRoute {
    const route = this.#routes.get(name);
    if (route) return this.#along(name, route, facts, format);
    const slash = name.indexOf('/');
    const prefix = slash > 0 ? name.slice(0, slash) : undefined;
    const isNamed = prefix !== undefined && this.#upstreams.has(prefix);
    const provider = isNamed ? prefix : this.answering(format);
    const model = isNamed ? name.slice(slash + 1) : name;
    if (model === '') throw invalidModel('names no model after its provider');
    const found = this.#upstreams.get(provider);
    // The fake provider would take a slip of the pen for a model of its own.
    if (found?.upstream.isFake && answers(found.upstream, format) && prefix !== undefined && !isNamed) {
      throw invalidModel(`names no provider here; known: ${[...this.#upstreams.keys()].join(', ')}`);
    }
    if (!found || !answers(found.upstream, format)) {
      throw invalidModel(`is of ${provider}, which ${lacking(format)}`);
    }
    return direct(found, model, facts);
  }

  /** The provider that answers where the client names none. */
  answering(format: ClientFormat): string {
    if (format === 'weir') return this.defaultProvider;
    const preferred = this.#upstreams.get(this.defaultProvider)?.upstream;
    // A real provider goes before the fake one, which is asked in chat's format only where it is the default.
    const isChosen = preferred && (!preferred.isFake || format === 'chat');
    if (isChosen && passes(preferred, format)) return this.defaultProvider;
    // What needs no translation goes before what does.
    const real = this.upstreams.filter((upstream) => !upstream.isFake);
    const native = real.find((upstream) => passes(upstream, format));
    if (native) return native.name;
    if (isChosen && answers(preferred, format)) return this.defaultProvider;
    return real.find((upstream) => answers(upstream, format))?.name ?? this.defaultProvider;
  }

  /**
   * What is asked where the client names no model: the route `default`, else the first model that is configured of the
   * default provider. Undefined where there is neither.
   */
  get defaultModel(): string | undefined {
    if (this.#routes.has('default')) return 'default';
    const [model] = this.#upstreams.get(this.defaultProvider)?.models ?? [];
    return model === undefined ? undefined : `${this.defaultProvider}/${model}`;
  }

  /** The names by which the right to ask `route` goes: that of the route, else those of its one target. */
  namesOf({ name, targets: [target] }: SelectedRoute, format: ClientFormat): string[] {
    return name === undefined ? this.namesOfModel(target.provider, target.model, format) : [name];
  }

  /**
   * The names by which the right to a model goes, however a client spells it: `provider/model`, and the bare name where
   * that leads to this provider. A bare name with a slash in it is none, as it could be another provider's.
   */
  namesOfModel(provider: string, model: string, format: ClientFormat): string[] {
    const names = [`${provider}/${model}`];
    const isBare = !model.includes('/') && !this.#routes.has(model) && this.answering(format) === provider;
    return isBare ? [...names, model] : names;
  }

  /** Of each provider that has one; of several keys each, as `provider#2`. */
  breakers(): Record<string, BreakerState> {
    const states: Record<string, BreakerState> = {};
    for (const [name, { breaker }] of this.#named()) if (breaker) states[name] = breaker.state;
    return states;
  }

  /** Of each provider that refused the deployment's key when it was asked last, or `provider#2`: the status. */
  refusedKeys(): Record<string, number> {
    const refused: Record<string, number> = {};
    for (const [name, { credential }] of this.#named()) {
      if (credential?.refusedWith !== undefined) refused[name] = credential.refusedWith;
    }
    return refused;
  }

  /** Everything that there is, whether or not it can be used now. */
  view(): ModelsView {
    const providers = [...this.#upstreams.values()].map((each) => {
      const reason = each.trouble();
      const keys = each.troubles()?.map((trouble) => ({ usable: trouble === undefined, ...reasonOf(trouble) }));
      return {
        name: each.upstream.name,
        usable: reason === undefined,
        ...reasonOf(reason),
        ...(keys ? { keys } : {}),
        speaks: [...each.upstream.speaks],
        models: [...each.models],
        any_model: true,
      };
    });
    const routes = [...this.#routes].map(([name, { targets, order }]) => {
      const known = targets.flatMap(({ provider }) => this.#upstreams.get(provider) ?? []);
      return {
        name,
        usable: known.some((each) => each.trouble() === undefined),
        speaks: [...new Set(known.flatMap(({ upstream }) => upstream.speaks))],
        ...(order === undefined ? {} : { order }),
        targets: targets.map(({ provider, model, weight }) => ({
          provider,
          model,
          ...(weight === undefined ? {} : { weight }),
        })),
      };
    });
    return { default_provider: this.defaultProvider, providers, routes };
  }

  *#named(): Iterable<readonly [string, RoutedUpstream]> {
    for (const keys of this.#upstreams.values()) yield* keys.named();
  }

  #along(name: string, route: RouteSettings, facts: OrderFacts, format: ClientFormat): SelectedRoute {
    let reason: string | undefined;
    const limit = route.first_token_seconds;
    const usable = route.targets.flatMap(({ provider, model, weight }) => {
      const found = this.#upstreams.get(provider);
      if (!found || !answers(found.upstream, format)) return [];
      reason = found.upstream.unusable();
      if (reason !== undefined) return [];
      return {
        found,
        name: `${provider}/${model}`,
        model,
        weight,
        isAvoided: () => found.isAvoided(),
        inFlight: () => this.#inFlight(provider),
      };
    });
    // Where one target counts tokens, no other estimates them.
    const serving = usable.filter(({ found }) => found.upstream.serves(format));
    const asked = serving.length > 0 ? serving : usable;
    const [first, ...others] = orderTargets(asked, route.order, facts).flatMap(({ found, model }) =>
      found.targets(model, limit === undefined ? found.firstTokenMs : limit * 1000, facts),
    );
    if (first) return { name, targets: [first, ...others], cache: route.cache, resumable: route.resumable === true };
    if (reason !== undefined) {
      throw new WeirError('service_unavailable', {
        message: `The route ${name} has no target that can be asked. ${reason}`,
        details: { reason: 'provider', route: name },
      });
    }
    throw invalidModel(
      `is a route whose targets ${format === 'embeddings' ? 'make no embeddings' : 'make embeddings only'}`,
    );
  }
}

/** @throws WeirError service_unavailable */
function direct(found: ProviderKeys, model: string, facts: OrderFacts): SelectedRoute {
  const [first, ...others] = found.targets(model, found.firstTokenMs, facts);
  if (first) return { name: undefined, targets: [first, ...others], cache: undefined, resumable: false };
  const { upstream } = found;
  const message = upstream.unusable() as string;
  throw new WeirError('service_unavailable', { message, details: { reason: 'provider', provider: upstream.name } });
}

function reasonOf(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason };
}

function invalidModel(message: string): WeirError {
  return invalid('model', message, `Not valid: model ${message}.`);
}

function invalid(field: string, message: string, sentence = `${message}.`): WeirError {
  return new WeirError('validation_error', { message: sentence, details: { fields: [{ field, message }] } });
}

/** Whether a client of this format gets an answer; a count of tokens may be an estimate. */
function answers(upstream: Upstream, format: ClientFormat): boolean {
  return upstream.serves(format === 'count_tokens' ? 'messages' : format);
}

/** Whether it speaks the client's format itself. */
function passes({ speaks }: Upstream, format: ClientFormat): boolean {
  return speaks.some((spoken) => spoken === (format === 'count_tokens' ? 'messages' : format));
}

/** What keeps an upstream from answering a client of this format. */
function lacking(format: ClientFormat): string {
  return format === 'embeddings' ? 'makes no embeddings' : 'makes embeddings only';
}
