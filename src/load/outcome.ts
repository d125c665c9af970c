import { ERROR_TABLE, isErrorCode } from '../formats/error_code.ts';
import type { ErrorEvent } from '../formats/weir/stream_event.ts';

/** How a request ended, in the order of the tables. Each request has exactly one outcome. */
export const OUTCOMES = [
  'ok',
  'truncated',
  '429',
  '503',
  '502',
  '504',
  'other_4xx',
  'other_5xx',
  'connect',
  'tls',
  'dns',
  'timeout_first_token',
  'timeout_idle',
  'protocol_error',
  'cancelled',
  'not_sent',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Outcome of a status other than 200. A redirect is a `protocol_error`. */
export function outcomeOfStatus(status: number): Outcome {
  if (status === 429 || status === 503 || status === 502 || status === 504) return `${status}`;
  if (status >= 400 && status < 500) return 'other_4xx';
  return status >= 500 ? 'other_5xx' : 'protocol_error';
}

/** Outcome of an `error` event: `truncated` after text, otherwise that of the code's status. */
export function outcomeOfErrorEvent(error: ErrorEvent, hasText: boolean): Outcome {
  if (error.error === 'cancelled') return 'cancelled';
  if (hasText || error.error === 'upstream_truncated') return 'truncated';
  return outcomeOfStatus(isErrorCode(error.error) ? ERROR_TABLE[error.error].status : 500);
}

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH)/;

/** Outcome of a request without a response. Browsers hide the reason, so theirs are all `connect`. */
export function outcomeOfFailure(error: unknown): Outcome {
  const code = errorCode(error);
  if (DNS.has(code)) return 'dns';
  return TLS.test(code) ? 'tls' : 'connect';
}

/** The system's error code, from the error or its cause; empty if there is none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return errorCode(error.cause);
}
