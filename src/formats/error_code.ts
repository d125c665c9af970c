/**
 * The closed table of everything that can go wrong, for people and for programs.
 *
 * Before the response's head an error is an HTTP status with a JSON body; after it the same code travels as an
 * `error` event. The core throws a {@link WeirError}; the gateway translates it in one place.
 */
export const ERROR_TABLE = {
  invalid_json: { status: 400, retryable: false, message: 'The body is not valid JSON; send one JSON object.' },
  not_supported: {
    status: 400,
    retryable: false,
    message: 'The provider can not do what some fields ask for; details.fields names them.',
  },
  bad_request: { status: 400, retryable: false, message: 'This is not a valid HTTP request; check the client.' },
  unauthorized: { status: 401, retryable: false, message: 'The API key is missing or wrong; send a valid one.' },
  model_not_allowed: {
    status: 403,
    retryable: false,
    message: 'This API key may not use this model; use one that it may, or another key.',
  },
  not_allowed: { status: 403, retryable: false, message: 'This key may not do that; use another one.' },
  not_found: { status: 404, retryable: false, message: 'There is nothing here; check the path and the id.' },
  method_not_allowed: { status: 405, retryable: false, message: 'This path does not accept that method.' },
  request_timeout: { status: 408, retryable: true, message: 'The request took too long to arrive; send it again.' },
  thread_in_use: { status: 409, retryable: false, message: 'This thread id is already in use; choose another.' },
  payload_too_large: { status: 413, retryable: false, message: 'The body is too large; send at most 1 MiB.' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    message: 'Send the body as JSON with "Content-Type: application/json".',
  },
  validation_error: { status: 422, retryable: false, message: 'Some fields are not valid; details.fields names them.' },
  upgrade_required: {
    status: 426,
    retryable: false,
    message: 'There are no WebSockets here; send the request with POST.',
  },
  too_many_connections: { status: 429, retryable: true, message: 'Too many concurrent connections.' },
  rate_limited: { status: 429, retryable: true, message: 'Too many requests; wait for Retry-After seconds.' },
  upstream_rate_limited: {
    status: 429,
    retryable: true,
    message: 'The provider limits its rate; wait for Retry-After seconds.',
  },
  headers_too_large: { status: 431, retryable: false, message: 'The request headers are too large; send fewer.' },
  internal_error: { status: 500, retryable: true, message: 'Something went wrong inside Weir; the log says what.' },
  upstream_error: { status: 502, retryable: true, message: 'The provider failed; try again or use another one.' },
  service_unavailable: { status: 503, retryable: true, message: 'No capacity at the moment; try again shortly.' },
  upstream_timeout: { status: 504, retryable: true, message: 'The provider did not answer in time; try again.' },
  // These occur only after the head, as events; the status is what they would be as an answer.
  cancelled: { status: 499, retryable: false, message: 'The stream was cancelled.' },
  draining: { status: 503, retryable: true, message: 'This instance is shutting down; open the stream again.' },
  upstream_truncated: { status: 502, retryable: true, message: 'The provider ended its answer in the middle.' },
  upstream_protocol: {
    status: 502,
    retryable: true,
    message: 'The answer of the provider does not follow its protocol.',
  },
  producer_lost: { status: 502, retryable: true, message: 'The instance that produced this stream is gone.' },
  log_regressed: { status: 502, retryable: false, message: 'The log holds less than this client received.' },
  limit_exceeded: { status: 502, retryable: false, message: 'The stream passed a size or time limit.' },
  slow_reader: { status: 408, retryable: true, message: 'The client stopped reading; open the stream again.' },
} as const satisfies Record<string, { status: number; retryable: boolean; message: string }>;

/** One of the closed set of error codes. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** A code as clients meet it: one of the table, or the name that a newer server gave it. */
export type WireErrorCode = ErrorCode | (string & Record<never, never>);

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, code);
}

/** What an error says to people: its own sentence, else the table's for its code; null where it says nothing. */
export function errorSentence({ code, message }: { code: string | null; message: string | null }): string | null {
  const text = message || (code !== null && isErrorCode(code) ? ERROR_TABLE[code].message : code);
  return text ? `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/[.]?$/, '.') : null;
}

/** What accompanies an error: facts for programs (`details`), seconds to wait, a sentence better than the table's. */
export interface ErrorOptions {
  message?: string;
  details?: Record<string, unknown>;
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
  cause?: unknown;
}

/** V8's own; elsewhere it means nothing. */
const STACKS = Error as { stackTraceLimit?: number | undefined };

/** The only error that the core throws on purpose. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const { stackTraceLimit } = STACKS;
    // The code says what happened; a stack trace would be the most expensive part of a refusal, and has no use.
    if (code !== 'internal_error') STACKS.stackTraceLimit = 0;
    super(options.message ?? ERROR_TABLE[code].message, { cause: options.cause });
    STACKS.stackTraceLimit = stackTraceLimit;
    this.name = 'WeirError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return ERROR_TABLE[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }
}

/** What was thrown, where it was not on purpose as the defect that it is. */
export function asWeirError(thrown: unknown): WeirError {
  return thrown instanceof WeirError ? thrown : new WeirError('internal_error', { cause: thrown });
}

/** The JSON body of every refusal. */
export interface ErrorBody {
  error: ErrorCode;
  message: string;
  details: Record<string, unknown>;
  thread_id?: string;
}
