import {
  groupUsage,
  LOCALE,
  type PageUsage,
  type PageUserUsage,
  type UsageGroup,
  type UsageGrouping,
  usageDays,
  userGroups,
} from '../api.ts';

/** Usage groups; keys appear with name and id, because names can be reused. */
export function usageGroups({ rows, key_names }: PageUsage, by: Exclude<UsageGrouping, 'user'>): UsageGroup[] {
  const groups = groupUsage(rows, by);
  return by === 'key' ? groups.map((group) => ({ ...group, name: named(group.name, key_names) })) : groups;
}

/** The same for users, each with the key that acts for it. */
export function usersGroups({ users, key_names }: PageUserUsage): UsageGroup[] {
  return userGroups(users, (id) => named(id, key_names));
}

function named(id: string, names: Record<string, string>): string {
  return names[id] === undefined ? id : `${names[id]} (${id})`;
}

/** A day of the chart; heights are shares of the highest day. */
export interface UsageBar {
  day: string;
  input: number;
  output: number;
  inputShare: number;
  outputShare: number;
}

/** Every day of the period, also without usage, oldest first. */
export function usageBars({ rows, from, to }: PageUsage): UsageBar[] {
  const days = new Map(groupUsage(rows, 'day').map((group) => [group.name, group]));
  const count = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
  const bars = usageDays(count, Date.parse(to)).map((day) => {
    const { input_tokens: input = 0, output_tokens: output = 0 } = days.get(day) ?? {};
    return { day, input, output };
  });
  const most = Math.max(1, ...bars.map(({ input, output }) => input + output));
  return bars.map((bar) => ({ ...bar, inputShare: bar.input / most, outputShare: bar.output / most }));
}

/** `$0.0042`: small amounts get more digits. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return '–';
  if (usd === 0) return '$0';
  const maximumFractionDigits = usd < 0.01 ? 6 : usd < 1 ? 4 : 2;
  return new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'USD', maximumFractionDigits }).format(usd);
}
