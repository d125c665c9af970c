import type { Upstream } from '../upstream/upstream.ts';
import type { RoutedUpstream, RouteTarget } from './selected_route.ts';
import { type Candidate, type OrderFacts, orderKeys } from './target_order.ts';

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
    return orderKeys(this.#usable, facts).map(({ known: { upstream, breaker, credential } }) => {
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
