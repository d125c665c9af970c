import type { Upstream } from '../upstream/upstream.ts';
import type { CredentialStatus } from './credential_status.ts';
import type { ProviderBreaker } from './provider_breaker.ts';
import { type Candidate, type OrderFacts, orderKeys } from './target_order.ts';

/** An upstream of the deployment, with what is known of it; a provider with several keys has one for each. */
export interface RoutedUpstream {
  upstream: Upstream;
  /** Names its key among those of its provider, as the configuration does; empty where that has no name for it. */
  key: string;
  /** Names of models that are known without asking it. */
  models: readonly string[];
  /** Undefined for the fake provider. */
  breaker: ProviderBreaker | undefined;
  /** Undefined for the fake provider. */
  credential: CredentialStatus | undefined;
  /** The longest wait for its first content, in milliseconds; undefined where only silence counts. */
  firstTokenMs: number | undefined;
}

/** One upstream and model that can be asked. */
export interface RouteTarget extends Omit<RoutedUpstream, 'models' | 'key'> {
  provider: string;
  /** As the provider calls it. */
  model: string;
}

/** The targets of one request, in the order in which they are asked. */
export interface SelectedRoute {
  /** As the configuration calls it; undefined where the client named the provider itself. */
  name: string | undefined;
  /** At least one. */
  targets: readonly [RouteTarget, ...RouteTarget[]];
  /** As the configuration has it; the default is no cache. */
  cache: { ttl_seconds: number } | undefined;
  /** Whether streams of the formats of others survive their connection, also where the request does not ask for it. */
  resumable: boolean;
}

/**
 * Whether an answer is held back until it has begun: where another target could still give one, or where saying nothing
 * is to end it. Another key of the same target could not: a key is refused with the head.
 */
export function isHeld({ targets }: SelectedRoute): boolean {
  const [first] = targets;
  if (first.firstTokenMs !== undefined) return true;
  return targets.some((target, at) => at > 0 && !isOtherKey(first, target));
}

/** Whether both are one target, asked with different keys. */
export function isOtherKey(a: RouteTarget, b: RouteTarget): boolean {
  return a.provider === b.provider && a.model === b.model && a.upstream !== b.upstream;
}

type AtLeastOne<T> = readonly [T, ...T[]];

/** One provider with all of its keys. Nearly every provider has one, or needs none. */
export class ProviderKeys {
  readonly #keys: AtLeastOne<RoutedUpstream>;
  readonly #usable: readonly Key[];
  /** Stands for the provider: with the first key that can be used, else with the first one. */
  readonly upstream: Upstream;

  /** @param keys all of one provider, in the order of the configuration */
  constructor(keys: AtLeastOne<RoutedUpstream>) {
    this.#keys = keys;
    this.#usable = keys.filter(({ upstream }) => upstream.unusable() === undefined).map((known) => new Key(known));
    this.upstream = (this.#usable[0]?.known ?? keys[0]).upstream;
  }

  get models(): readonly string[] {
    return this.#keys[0].models;
  }

  /** The longest wait for its first content, in milliseconds. */
  get firstTokenMs(): number | undefined {
    return this.#keys[0].firstTokenMs;
  }

  /** One target for each key that can be used, in the order in which they are asked. */
  targets(model: string, firstTokenMs: number | undefined, facts: OrderFacts): RouteTarget[] {
    const provider = this.upstream.name;
    const keys = this.#usable.length > 1 ? orderKeys(this.#usable, facts) : this.#usable;
    return keys.map(({ known: { upstream, breaker, credential } }) => {
      return { provider, model, upstream, breaker, credential, firstTokenMs };
    });
  }

  /** Whether each of its keys failed or was refused a moment ago. */
  isAvoided(): boolean {
    return this.#usable.every((key) => key.isAvoided());
  }

  /** Why it should not be counted on: no key can be used, or each was refused when it was asked last. */
  trouble(): string | undefined {
    return this.#keys.some((key) => trouble(key) === undefined) ? undefined : trouble(this.#keys[0]);
  }

  /** The trouble of each key, by its place in the configuration; undefined where there is only one. */
  troubles(): (string | undefined)[] | undefined {
    return this.#keys.length === 1 ? undefined : this.#keys.map(trouble);
  }

  /** Each with the name that operators know it by: the provider's, or `provider#2` for the second of several keys. */
  *named(): Iterable<readonly [string, RoutedUpstream]> {
    const { name } = this.upstream;
    for (const [at, key] of this.#keys.entries()) yield [this.#keys.length === 1 ? name : `${name}#${at + 1}`, key];
  }
}

class Key implements Candidate {
  readonly known: RoutedUpstream;
  readonly name: string;
  readonly weight = 1;

  constructor(known: RoutedUpstream) {
    this.known = known;
    this.name = `${known.upstream.name} ${known.key}`;
  }

  isAvoided(): boolean {
    const { breaker, credential } = this.known;
    return credential?.isAvoided === true || (breaker !== undefined && breaker.blockedMs('') > 0);
  }

  inFlight(): number {
    return 0;
  }
}

function trouble({ upstream, credential }: RoutedUpstream): string | undefined {
  return upstream.unusable() ?? credential?.refusal();
}
