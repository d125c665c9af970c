import { byName } from '../locale.ts';
import type { UsageRow, UserUsage } from './usage_row.ts';

export type UsageGrouping = 'key' | 'model' | 'day' | 'user';

/** What usage counts. */
export type UsageCounts = Pick<
  UsageRow,
  | 'ok'
  | 'cancelled'
  | 'failed'
  | 'input_tokens'
  | 'output_tokens'
  | 'cached_input_tokens'
  | 'estimated_tokens'
  | 'cost_usd'
>;

/** What all streams of one key, model, day or user have used. */
export interface UsageGroup extends UsageCounts {
  /** The key's id, `provider/model`, the day, or the key and its user. */
  name: string;
  requests: number;
}

/** Rows added up: days in their order, else those with the most tokens first. */
export function groupUsage(rows: readonly UsageRow[], by: Exclude<UsageGrouping, 'user'>): UsageGroup[] {
  const groups = addUp(rows, (row) => (by === 'model' ? `${row.provider}/${row.model}` : row[by]));
  return by === 'day' ? groups.sort((a, b) => byName(a.name, b.name)) : groups.sort(mostTokensFirst);
}

/** Users as groups. @param nameOfKey by its id */
export function userGroups(users: readonly UserUsage[], nameOfKey: (id: string) => string): UsageGroup[] {
  return addUp(users, ({ key, user }) => `${nameOfKey(key)} / ${user}`).sort(mostTokensFirst);
}

function addUp<Row extends UsageCounts>(rows: readonly Row[], nameOf: (row: Row) => string): UsageGroup[] {
  const groups = new Map<string, UsageGroup>();
  for (const row of rows) {
    const name = nameOf(row);
    groups.set(name, plus(groups.get(name) ?? nothing(name), row));
  }
  return [...groups.values()];
}

function mostTokensFirst(a: UsageGroup, b: UsageGroup): number {
  return b.input_tokens + b.output_tokens - a.input_tokens - a.output_tokens || byName(a.name, b.name);
}

/** All of it in one. */
export function totalUsage(rows: readonly UsageCounts[]): UsageGroup {
  return rows.reduce(plus, nothing('total'));
}

function nothing(name: string): UsageGroup {
  const counts = { requests: 0, ok: 0, cancelled: 0, failed: 0 };
  const tokens = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, estimated_tokens: 0 };
  return { name, ...counts, ...tokens, cost_usd: null };
}

function plus(group: UsageGroup, row: UsageCounts): UsageGroup {
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
