import { byName } from '../locale.ts';
import type { UsageRow } from './usage_row.ts';

export type UsageGrouping = 'key' | 'model' | 'day';

/** What all streams of one key, model or day have used. */
export interface UsageGroup
  extends Pick<
    UsageRow,
    | 'ok'
    | 'cancelled'
    | 'failed'
    | 'input_tokens'
    | 'output_tokens'
    | 'cached_input_tokens'
    | 'estimated_tokens'
    | 'cost_usd'
  > {
  /** The key's id, `provider/model`, or the day. */
  name: string;
  requests: number;
}

/** Rows added up: days in their order, else those with the most tokens first. */
export function groupUsage(rows: readonly UsageRow[], by: UsageGrouping): UsageGroup[] {
  const groups = new Map<string, UsageGroup>();
  for (const row of rows) {
    const name = by === 'model' ? `${row.provider}/${row.model}` : row[by];
    groups.set(name, plus(groups.get(name) ?? nothing(name), row));
  }
  const tokens = (group: UsageGroup) => group.input_tokens + group.output_tokens;
  const inOrder = (a: UsageGroup, b: UsageGroup) =>
    by === 'day' ? byName(a.name, b.name) : tokens(b) - tokens(a) || byName(a.name, b.name);
  return [...groups.values()].sort(inOrder);
}

/** All of it in one. */
export function totalUsage(rows: readonly UsageRow[]): UsageGroup {
  return rows.reduce(plus, nothing('total'));
}

function nothing(name: string): UsageGroup {
  const counts = { requests: 0, ok: 0, cancelled: 0, failed: 0 };
  const tokens = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, estimated_tokens: 0 };
  return { name, ...counts, ...tokens, cost_usd: null };
}

function plus(group: UsageGroup, row: UsageRow): UsageGroup {
  return {
    name: group.name,
    requests: group.requests + row.ok + row.cancelled + row.failed,
    ok: group.ok + row.ok,
    cancelled: group.cancelled + row.cancelled,
    failed: group.failed + row.failed,
    input_tokens: group.input_tokens + row.input_tokens,
    output_tokens: group.output_tokens + row.output_tokens,
    cached_input_tokens: group.cached_input_tokens + row.cached_input_tokens,
    estimated_tokens: group.estimated_tokens + row.estimated_tokens,
    // What has no price adds nothing, and is no reason to hide what has one.
    cost_usd: row.cost_usd === null ? group.cost_usd : exact((group.cost_usd ?? 0) + row.cost_usd),
  };
}

/** Costs are counted in billionths. */
function exact(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
