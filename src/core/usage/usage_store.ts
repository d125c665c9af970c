import type { UsageRow } from '../../formats/cluster/usage_row.ts';

/** Counters of a row. Money is in billionths of a USD, so that it can be added up exactly. */
export const USAGE_COUNTERS = [
  'ok',
  'cancelled',
  'failed',
  'input',
  'output',
  'cached',
  'estimated',
  'nano_usd',
] as const;
export type UsageCounter = (typeof USAGE_COUNTERS)[number];

/** What one row has become more by. */
export interface UsageIncrease {
  key: string;
  provider: string;
  model: string;
  counters: Map<UsageCounter, number>;
}

/** Increases of one day, sent together. */
export interface UsageBatch {
  day: string;
  /** This incarnation of the instance, and the batch's number in it: a batch that comes twice counts once. */
  incarnation: string;
  number: number;
  increases: readonly UsageIncrease[];
}

/** Keeps usage, by day. */
export interface UsageStore {
  /** Rejects where it is not certain that the batch was added; it may then come again. */
  add(batch: UsageBatch): Promise<void>;
  /** Rejects where the store does not answer. */
  read(days: readonly string[]): Promise<UsageRow[]>;
}

/** Rows of a day, as its counters say. */
export function usageRows(day: string, increases: Iterable<UsageIncrease>): UsageRow[] {
  return [...increases].map(({ key, provider, model, counters }) => {
    const count = (name: UsageCounter) => counters.get(name) ?? 0;
    return {
      day,
      key,
      provider,
      model,
      ok: count('ok'),
      cancelled: count('cancelled'),
      failed: count('failed'),
      input_tokens: count('input'),
      output_tokens: count('output'),
      cached_input_tokens: count('cached'),
      estimated_tokens: count('estimated'),
      cost_usd: counters.has('nano_usd') ? count('nano_usd') / 1e9 : null,
    };
  });
}
