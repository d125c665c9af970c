/** A stream that is over can be read again for this long; for less where Redis has little memory left. */
export const RETENTION_MS = 5 * 60_000;
/** But for this long at the least. */
export const MIN_RETENTION_MS = 60_000;
/** Longer than any running stream may take; a dead deployment's keys are gone after it. */
export const RUNNING_MS = 20 * 60_000;
/** Longer than a stream may take and be read afterwards; whether a claim still counts, its stream says. */
export const CLAIM_KEPT_MS = RUNNING_MS + RETENTION_MS;
/** Requests above this are not kept: such a stream can be replayed, not continued. */
export const MAX_REQUEST_BYTES = 256 * 1024;
