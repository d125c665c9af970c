import type { LoadRecord } from './record.ts';

/** What a good answer is, at most; times in milliseconds. */
export interface Slo {
  ttftMs: number;
  tpotMs: number;
}

/** What people expect of a conversation, of an answer about documents, and of a program that is written for them. */
export const SLO_PRESETS = {
  chat: { ttftMs: 200, tpotMs: 50 },
  retrieval: { ttftMs: 300, tpotMs: 100 },
  code: { ttftMs: 500, tpotMs: 150 },
} as const satisfies Record<string, Slo>;

export type SloPreset = keyof typeof SLO_PRESETS;
export type SloChoice = Slo | SloPreset;

export function sloOf(choice: SloChoice): Slo {
  return typeof choice === 'string' ? SLO_PRESETS[choice] : choice;
}

/** Whether a request ended well and met all of it. An answer of one chunk has no TPOT to miss. */
export function isGood(record: LoadRecord, slo: Slo): boolean {
  if (record.outcome !== 'ok') return false;
  if (record.ttftMs !== null && record.ttftMs > slo.ttftMs) return false;
  return record.tpotMs === null || record.tpotMs <= slo.tpotMs;
}
