import type { Outcome } from './outcome.ts';

/** What one request did: one flat record, times in milliseconds. */
export interface LoadRecord {
  /** 0-based number within the run, in order of start. */
  index: number;
  /** 0-based number of the worker that sent it. */
  worker: number;
  /** 0-based number of the user it was sent for. */
  user: number;
  outcome: Outcome;
  /** Whether it counts: it started after the warm-up. */
  measured: boolean;
  /** Start of the request, since the start of the run; in an open loop the moment for which it was scheduled. */
  startMs: number;
  /** How much later it was really sent; 0 in a closed loop. */
  lateMs: number;
  /** Terminal event (or refusal, or failure) minus start. */
  e2eMs: number;
  /** First chunk with non-empty content minus start. */
  ttftMs: number | null;
  /** (Last minus first content) / (N - 1); null below two chunks with content. */
  tpotMs: number | null;
  /** Largest gap between chunks with content. */
  maxStallMs: number | null;
  /** HTTP status; null where no head came. */
  status: number | null;
  /** Error code of a refusal or an `error` event; null otherwise. */
  code: string | null;
  /** One sentence on what went wrong; null where nothing did. */
  message: string | null;
  /** The one that answered; of a stream that went on elsewhere, the last. */
  instance: string | null;
  via: string | null;
  upstream: string | null;
  threadId: string | null;
  /** Output tokens as `complete` reports them, else the chunks that came. */
  tokens: number;
  chunks: number;
  /** How often it went on over another connection; null for plain streams. */
  reconnects: number | null;
  /** Largest gap over such a change, from the last event before to the first after it; null where there was none. */
  maxResumeGapMs: number | null;
}

/** The rest of a request that was never sent. */
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

/** The record of a request that was due, and not sent. */
export function unsentRecord(
  known: Pick<LoadRecord, 'index' | 'worker' | 'user' | 'measured' | 'startMs' | 'message'>,
): LoadRecord {
  return { ...NOTHING, ...known };
}
