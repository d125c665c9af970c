import type { RouteSettings } from '../../config/weir_config.ts';
import type { ModelsView } from '../../formats/cluster/cluster_view.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Origin, Protocol } from '../passthrough/origin.ts';
import { LOCAL_PROTOCOLS, OriginRegistry } from '../passthrough/origin_registry.ts';
import type { Provider } from '../provider/provider.ts';
import { ProviderRegistry } from '../provider/provider_registry.ts';
import type { KeyStanding } from './key_standing.ts';
import { orderTargets } from './order_targets.ts';
import type { BreakerState, ProviderBreaker } from './provider_breaker.ts';
import type { RouteTarget, SelectedRoute } from './selected_route.ts';

/** One provider of the deployment, with what is needed to ask it. */
export interface Offer {
  name: string;
  /** Answers requests of `/api/v1/stream`; undefined where it does not speak chat completions. */
  provider: Provider | undefined;
  /** Is passed requests of `/v1/*`; undefined for the provider in this process. */
  origin: Origin | undefined;
  speaks: readonly Protocol[];
  /** Names that are known without asking it. */
  models: readonly string[];
  breaker: ProviderBreaker | undefined;
  key: KeyStanding | undefined;
  firstTokenMs: number | undefined;
}

/** Who answers at a door: servers, or the provider in this process. */
export type DoorRoute = { passed: SelectedRoute<Origin> } | { local: SelectedRoute<Provider> };

/** Providers and routes of one configuration. It never changes: another configuration is another table. */
export class RoutingTable {
  readonly providers: ProviderRegistry;
  readonly origins: OriginRegistry;
  readonly defaultProvider: string;
  readonly #offers: ReadonlyMap<string, Offer>;
  readonly #routes: ReadonlyMap<string, RouteSettings>;

  /** @param local the provider in this process, which is among the offers */
  constructor(
    offers: readonly Offer[],
    routes: Readonly<Record<string, RouteSettings>>,
    defaultProvider: string,
    local: string,
  ) {
    this.#offers = new Map(offers.map((offer) => [offer.name, offer]));
    this.#routes = new Map(Object.entries(routes));
    this.defaultProvider = defaultProvider;
    const providers = offers.flatMap(({ provider }) => provider ?? []);
    this.providers = new ProviderRegistry(providers, defaultProvider);
    this.origins = new OriginRegistry(
      offers.flatMap(({ origin }) => origin ?? []),
      defaultProvider,
      local,
    );
  }

  /**
   * Who answers a request of `/api/v1/stream`.
   * @param provider undefined: the route of that name, or the default provider's model
   * @param random 0 to 1, without 1
   * @throws WeirError validation_error, service_unavailable
   */
  select(provider: string | undefined, model: string, random: number): SelectedRoute<Provider> {
    const route = provider === undefined ? this.#routes.get(model) : undefined;
    if (route) return this.#along(model, route, random, 'chat', (offer) => offer.provider);
    const source = this.providers.select(provider, model);
    return this.#direct(source.name, model, source);
  }

  /** Who answers at a door. @throws WeirError validation_error, service_unavailable */
  selectDoor(name: string, protocol: Protocol, random: number): DoorRoute {
    const route = this.#routes.get(name);
    if (route) {
      const isLocal = route.targets.every(({ provider }) => this.#offers.get(provider)?.origin === undefined);
      if (isLocal && LOCAL_PROTOCOLS.has(protocol)) return { local: this.select(undefined, name, random) };
      const speaker = ({ origin }: Offer) => (origin?.speaks.includes(protocol) ? origin : undefined);
      return { passed: this.#along(name, route, random, protocol, speaker) };
    }
    const { provider, origin, model } = this.origins.select(name, protocol);
    return origin ? { passed: this.#direct(provider, model, origin) } : { local: this.select(provider, model, random) };
  }

  /** The names by which the right to ask `route` goes: that of the route, else those of its one target. */
  namesOf({ name, targets: [target] }: SelectedRoute<unknown>, protocol: Protocol): string[] {
    return name === undefined ? this.namesOfModel(target.provider, target.model, protocol) : [name];
  }

  /**
   * The names by which the right to a model goes, however a client spells it: `provider/model`, and the bare name where
   * that leads to this provider. A bare name with a slash in it is none, as it could be another provider's.
   */
  namesOfModel(provider: string, model: string, protocol: Protocol = 'chat'): string[] {
    const names = [`${provider}/${model}`];
    const isBare = !model.includes('/') && !this.#routes.has(model) && this.origins.answering(protocol) === provider;
    return isBare ? [...names, model] : names;
  }

  /** Of each provider that has one. */
  breakers(): Record<string, BreakerState> {
    const states: Record<string, BreakerState> = {};
    for (const { name, breaker } of this.#offers.values()) if (breaker) states[name] = breaker.state;
    return states;
  }

  /** Of each provider that refused the deployment's key when it was asked last: the status. */
  refusedKeys(): Record<string, number> {
    const refused: Record<string, number> = {};
    for (const { name, key } of this.#offers.values()) {
      if (key?.refusedWith !== undefined) refused[name] = key.refusedWith;
    }
    return refused;
  }

  routeNames(): string[] {
    return [...this.#routes.keys()];
  }

  /** Everything that there is, whether or not it can be used now. */
  view(): ModelsView {
    const providers = [...this.#offers.values()].map((offer) => {
      const reason = trouble(offer);
      return {
        name: offer.name,
        usable: reason === undefined,
        ...(reason === undefined ? {} : { reason }),
        speaks: [...offer.speaks],
        models: [...offer.models],
        any_model: offer.provider?.anyModel ?? true,
      };
    });
    const routes = [...this.#routes].map(([name, { targets }]) => {
      const offers = targets.flatMap(({ provider }) => this.#offers.get(provider) ?? []);
      const isLocal = offers.every(({ origin }) => origin === undefined);
      return {
        name,
        usable: offers.some((offer) => trouble(offer) === undefined),
        // Beside others the provider in this process is left out of what is passed on.
        speaks: [...new Set(offers.flatMap(({ speaks, origin }) => (origin || isLocal ? speaks : ['chat' as const])))],
        targets: targets.map(({ provider, model, weight }) => ({
          provider,
          model,
          ...(weight === undefined ? {} : { weight }),
        })),
      };
    });
    return { default_provider: this.defaultProvider, providers, routes };
  }

  #direct<Source>(provider: string, model: string, source: Source): SelectedRoute<Source> {
    const offer = this.#offers.get(provider);
    const target = {
      provider,
      model,
      source,
      breaker: offer?.breaker,
      key: offer?.key,
      firstTokenMs: offer?.firstTokenMs,
    };
    return { name: undefined, targets: [target], cache: undefined };
  }

  #along<Source>(
    name: string,
    route: RouteSettings,
    random: number,
    protocol: Protocol,
    sourceOf: (offer: Offer) => Source | undefined,
  ): SelectedRoute<Source> {
    let reason: string | undefined;
    const limit = route.first_token_seconds;
    const usable = route.targets.flatMap((target): (RouteTarget<Source> & { weight: number | undefined })[] => {
      const offer = this.#offers.get(target.provider);
      const source = offer && sourceOf(offer);
      if (!offer || source === undefined) return [];
      reason = unusable(offer);
      if (reason !== undefined) return [];
      const firstTokenMs = limit === undefined ? offer.firstTokenMs : limit * 1000;
      return [{ ...target, weight: target.weight, source, breaker: offer.breaker, key: offer.key, firstTokenMs }];
    });
    const [first, ...others] = orderTargets(usable, random);
    if (first) return { name, targets: [first, ...others], cache: route.cache };
    if (reason !== undefined) {
      const details = { reason: 'provider', route: name };
      throw new WeirError('service_unavailable', {
        message: `The route ${name} has nobody to ask. ${reason}`,
        details,
      });
    }
    const message = `is a route on which nobody speaks ${protocol}`;
    throw new WeirError('validation_error', {
      message: `Not valid: model ${message}.`,
      details: { fields: [{ field: 'model', message }] },
    });
  }
}

/** Why nobody should count on it: it can't be asked, or refused the deployment's key when it was asked last. */
function trouble(offer: Offer): string | undefined {
  return unusable(offer) ?? offer.key?.refusal();
}

function unusable({ provider, origin }: Offer): string | undefined {
  return provider?.unusable() ?? origin?.unusable();
}
