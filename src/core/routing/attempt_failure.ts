import { WeirError } from '../../formats/error_code.ts';

/**
 * What a failure before the first content allows: the same provider once more, the next target only, or neither,
 * because it is the client's own, or ours.
 */
export type FailureKind = 'retry' | 'next' | 'final';

/** Of these the deployment's key or account is the cause: no other try helps, another provider does. */
const OUR_ACCOUNT = new Set([401, 402, 403]);

export function failureKind(error: WeirError): FailureKind {
  switch (error.code) {
    case 'upstream_rate_limited':
      return 'retry';
    case 'upstream_timeout':
    case 'upstream_truncated':
    case 'upstream_protocol':
      return 'next';
    case 'upstream_error':
      return kindOfStatus(statusOf(error));
    case 'service_unavailable':
      return error.details.reason === 'breaker' ? 'next' : 'final';
    default:
      return 'final';
  }
}

/** Whether the provider refused the key or the account of this deployment. */
export function refusesOurAccount(error: WeirError): boolean {
  return error.code === 'upstream_error' && OUR_ACCOUNT.has(statusOf(error) ?? 0);
}

/** Whether another key of the same provider may be answered: this one was refused, or is at its limit. */
export function isAboutKey(error: WeirError): boolean {
  return refusesOurAccount(error) || error.code === 'upstream_rate_limited' || statusOf(error) === 429;
}

/** Whether another key of the same provider is asked after it; one whose circuit is open was not asked at all. */
export function mayAskOtherKey(error: WeirError): boolean {
  return isAboutKey(error) || (error.code === 'service_unavailable' && error.details.reason === 'breaker');
}

/** Whether it says that the provider is ill. What it answered with 4xx, it answered. */
export function countsAgainstProvider(error: WeirError): boolean {
  const status = statusOf(error);
  const answered = status !== undefined && status >= 400 && status < 500;
  return failureKind(error) !== 'final' && error.status >= 500 && error.code !== 'service_unavailable' && !answered;
}

/** A short name with few values, for metrics and logs. */
export function failureReason(error: WeirError): string {
  const status = statusOf(error);
  if (status !== undefined) return `status_${status}`;
  if (error.code === 'upstream_error') return 'unreachable';
  return error.code === 'service_unavailable' ? 'breaker' : error.code.replace('upstream_', '');
}

function kindOfStatus(status: number | undefined): FailureKind {
  // It could not be reached, or hung up before its head.
  if (status === undefined || status >= 500 || status === 408 || status === 429) return 'retry';
  if (status < 400 || OUR_ACCOUNT.has(status)) return 'next';
  return 'final';
}

function statusOf({ details }: WeirError): number | undefined {
  return typeof details.status === 'number' ? details.status : undefined;
}

/** Of a target that said nothing before its limit for the first content. */
export function tooSilent(provider: string, limitMs: number): WeirError {
  return new WeirError('upstream_timeout', {
    message: `The provider said nothing within ${limitMs / 1000} s.`,
    details: { provider },
  });
}

const BASE_MS = 250;
const CAP_MS = 2_000;

/**
 * Full jitter: anything from nothing to a bound that doubles, so that clients that failed together do not come back
 * together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). What the provider asks for comes
 * first, and then the jitter on top.
 * @param tries how many have failed; @param retryAfter seconds; @param random 0 to 1
 * @returns milliseconds
 */
export function retryDelay(tries: number, retryAfter: number | undefined, random: number): number {
  const jitter = random * Math.min(CAP_MS, BASE_MS * 2 ** (tries - 1));
  return (retryAfter ?? 0) * 1000 + jitter;
}

/** What could be asked after a target, because no open circuit forbids it. */
export interface Left {
  /** Where the target after it begins, behind its other keys. */
  next: number;
  /** Whether there is another key of the same target … */
  keys: boolean;
  /** … and another target. */
  targets: boolean;
}

/** What follows a failure. @param delay until the same target is asked again */
export function nextStep(error: WeirError, delay: number | undefined, left: Left): 'retry' | 'failover' | 'none' {
  if (delay !== undefined || (left.keys && mayAskOtherKey(error))) return 'retry';
  return left.targets && failureKind(error) !== 'final' ? 'failover' : 'none';
}

export function hasMore({ keys, targets }: Left): boolean {
  return keys || targets;
}

/** Whether something can be asked after this failure. */
export function isLeft(left: Left, error: WeirError): boolean {
  return left.targets || (left.keys && mayAskOtherKey(error));
}
