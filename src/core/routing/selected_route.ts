import type { Upstream } from '../upstream/upstream.ts';
import type { CredentialStatus } from './credential_status.ts';
import type { ProviderBreaker } from './provider_breaker.ts';

/** An upstream of the deployment, with what is known of it. */
export interface RoutedUpstream {
  upstream: Upstream;
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
export interface RouteTarget extends Omit<RoutedUpstream, 'models'> {
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
 * is to end it.
 */
export function isHeld({ targets }: SelectedRoute): boolean {
  return targets.length > 1 || targets[0].firstTokenMs !== undefined;
}

/**
 * The order in which targets are tried: as they stand, or with weights the first one drawn, then the others as they
 * stand.
 * @param random 0 to 1, without 1
 */
export function orderTargets<T extends { weight?: number | undefined }>(
  targets: readonly T[],
  random: number,
): readonly T[] {
  const total = targets.reduce((sum, { weight = 0 }) => sum + weight, 0);
  if (total === 0) return targets;
  let left = random * total;
  const drawn = targets.findIndex(({ weight = 0 }) => {
    left -= weight;
    return left < 0;
  });
  const first = targets[Math.max(0, drawn)] as T;
  return [first, ...targets.filter((target) => target !== first)];
}
