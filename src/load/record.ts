import type { Outcome } from './outcome.ts';

/** One request as a flat record; times in milliseconds. */
export interface LoadRecord {
  /** 0-based number within the run, in order of start. */
  index: number;
  /** 0-based number of the worker that sent it. */
  worker: number;
  /** 0-based number of its user. */
  user: number;
  outcome: Outcome;
  /** Whether it counts, that is, started after the warm-up. */
  measured: boolean;
  /** Start of the request since the start of the run; in an open loop its scheduled time. */
  startMs: number;
  /** Delay until it was actually sent; 0 in a closed loop. */
  lateMs: number;
  /** Terminal event (or refusal, or failure) minus start. */
  e2eMs: number;
  /** First chunk with non-empty content minus start. */
  ttftMs: number | null;
  /** (Last minus first content) / (N - 1); null below two chunks with content. */
  tpotMs: number | null;
  /** Largest gap between chunks with content. */
  maxStallMs: number | null;
  /** HTTP status; null without a response. */
  status: number | null;
  /** Error code of a refusal or an `error` event; null otherwise. */
  code: string | null;
  /** One sentence on the error; null if there was none. */
  message: string | null;
  /** The instance that answered; of a resumed stream, the last one. */
  instance: string | null;
  via: string | null;
  upstream: string | null;
  threadId: string | null;
  /** Output tokens from `complete`, else the number of chunks. */
  tokens: number;
  chunks: number;
  /** Number of changes of connection; null for plain streams. */
  reconnects: number | null;
  /** Largest gap of such a change, from the last event before it to the first after it; null if there was none. */
  maxResumeGapMs: number | null;
}

/** Fields of a request that was never sent. */
const NOTHING = {
  outcome: 'not_sent',
  lateMs: 0,
  e2eMs: 0,
  ttftMs: null,
  tpotMs: null,
  maxStallMs: null,
  status: null,
  code: null,
  instance: null,
  via: null,
  upstream: null,
  threadId: null,
  tokens: 0,
  chunks: 0,
  reconnects: null,
  maxResumeGapMs: null,
} as const satisfies Partial<LoadRecord>;

/** The record of a scheduled request that was not sent. */
export function unsentRecord(
  known: Pick<LoadRecord, 'index' | 'worker' | 'user' | 'measured' | 'startMs' | 'message'>,
): LoadRecord {
  return { ...NOTHING, ...known };
}
