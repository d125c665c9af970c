import type { WeirError } from '../../formats/error_code.ts';

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
