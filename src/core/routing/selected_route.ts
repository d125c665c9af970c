import type { Upstream } from '../upstream/upstream.ts';
import type { CredentialStatus } from './credential_status.ts';
import type { ProviderBreaker } from './provider_breaker.ts';

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
