import { groupUsage, totalUsage, type UsageGroup, type UsageGrouping } from '../formats/cluster/group_usage.ts';
import { readKeys } from '../stack/keys/api_keys.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import { readUsage } from '../stack/usage/read_usage.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { driverFor, keptOptions, layoutOf } from './stack_access.ts';

/** How usage is shown. */
export interface UsageFlags {
  days: number;
  by: UsageGrouping;
  json?: boolean;
  csv?: boolean;
}

const HEAD = ['REQUESTS', 'OK', 'CANCELLED', 'FAILED', 'INPUT', 'CACHED', 'OUTPUT', 'ESTIMATED', 'USD'];
const CSV_HEAD =
  'day,key,key_name,provider,model,ok,cancelled,failed,input_tokens,output_tokens,estimated_tokens,cost_usd,cached_input_tokens';

/** `usage`: what keys, models or days have used; as rows of all three for programs. */
export async function usageCommand({ days, by, json, csv }: UsageFlags, environment: Environment): Promise<number> {
  const layout = layoutOf(environment);
  const driver = driverFor(keptOptions(layout) ?? DEFAULT_STACK_OPTIONS, environment);
  const view = await readUsage(await driver.peers(), days);
  const names = new Map(readKeys(layout.apiKeys).map(({ id, name }) => [id, name]));
  const rows = view.rows.map((row) => ({ ...row, key_name: names.get(row.key) ?? null }));
  if (json) print(JSON.stringify({ ...view, rows }, null, 2));
  else if (csv) {
    const lines = rows.map((row) => {
      const { day, key, key_name, provider, model, ok, cancelled, failed } = row;
      const tokens = [row.input_tokens, row.output_tokens, row.estimated_tokens];
      return [
        day,
        key,
        key_name ?? '',
        provider,
        model,
        ok,
        cancelled,
        failed,
        ...tokens,
        row.cost_usd ?? '',
        row.cached_input_tokens,
      ]
        .map(csvCell)
        .join(',');
    });
    print([CSV_HEAD, ...lines].join('\n'));
  } else if (rows.length === 0) say(`nothing was used from ${view.from} to ${view.to}`);
  else {
    // A name may be given again, its id never.
    const named = (id: string) => (names.has(id) ? `${names.get(id)} (${id})` : id);
    const groups = groupUsage(rows, by).map((group) => ({
      ...group,
      name: by === 'key' ? named(group.name) : group.name,
    }));
    print(table(by, [...groups, totalUsage(rows)]));
    say(
      `from ${view.from} to ${view.to}, days in UTC; CACHED is the share of INPUT that prompt caches had; a * marks what has no price`,
    );
  }
  return 0;
}

function table(by: UsageGrouping, groups: readonly UsageGroup[]): string {
  const rows = groups.map((group) => [
    group.name,
    ...[group.requests, group.ok, group.cancelled, group.failed].map(String),
    `${group.input_tokens}`,
    group.input_tokens === 0 ? '-' : `${Math.round((100 * group.cached_input_tokens) / group.input_tokens)} %`,
    ...[group.output_tokens, group.estimated_tokens].map(String),
    group.cost_usd === null ? '*' : group.cost_usd.toFixed(4),
  ]);
  const all = [[by.toUpperCase(), ...HEAD], ...rows];
  const widths = [by.toUpperCase(), ...HEAD].map((_, at) => Math.max(...all.map((row) => (row[at] as string).length)));
  const cell = (text: string, at: number) => (at === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[at] ?? 0));
  return all.map((row) => row.map(cell).join('  ')).join('\n');
}

/** Text that a spreadsheet would take for a formula is no formula here. */
function csvCell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : `${value}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
