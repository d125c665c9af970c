import type { LoadRecord } from './record.ts';

/** Upper bounds of a good answer, in milliseconds. */
export interface Slo {
  ttftMs: number;
  tpotMs: number;
}

/** Usual expectations of chat, of retrieval from documents, and of code generation. */
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

/** Whether a request completed and met the SLO. An answer of one chunk has no TPOT. */
export function isGood(record: LoadRecord, slo: Slo): boolean {
  if (record.outcome !== 'ok') return false;
  if (record.ttftMs !== null && record.ttftMs > slo.ttftMs) return false;
  return record.tpotMs === null || record.tpotMs <= slo.tpotMs;
}
