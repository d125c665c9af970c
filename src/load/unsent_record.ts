import type { LoadRecord } from './record.ts';

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
