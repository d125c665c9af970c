import type { KeyStanding } from './key_standing.ts';
import type { ProviderBreaker } from './provider_breaker.ts';

/** One provider and model that can be asked. */
export interface RouteTarget<Source> {
  provider: string;
  /** As the provider calls it. */
  model: string;
  source: Source;
  /** Undefined for the provider in this process. */
  breaker: ProviderBreaker | undefined;
  /** Undefined for the provider in this process. */
  key: KeyStanding | undefined;
  /** The longest wait for its first content, in milliseconds; undefined where only silence counts. */
  firstTokenMs: number | undefined;
}

/** Who is asked for one request, in this order. */
export interface SelectedRoute<Source> {
  /** As the configuration calls it; undefined where the client named the provider itself. */
  name: string | undefined;
  /** At least one. */
  targets: readonly [RouteTarget<Source>, ...RouteTarget<Source>[]];
  /** As the configuration has it; the default is no cache. */
  cache: { ttl_seconds: number } | undefined;
}

/**
 * Whether an answer is held back until it says something: where somebody else could still give one, or where saying
 * nothing is to end it.
 */
export function isHeld({ targets }: SelectedRoute<unknown>): boolean {
  return targets.length > 1 || targets[0].firstTokenMs !== undefined;
}
