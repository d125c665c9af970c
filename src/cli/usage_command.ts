import {
  groupUsage,
  totalUsage,
  type UsageGroup,
  type UsageGrouping,
  userGroups,
} from '../formats/cluster/group_usage.ts';
import { USER_USAGE_DAYS } from '../formats/cluster/usage_days.ts';
import type { UserUsage } from '../formats/cluster/usage_row.ts';
import { readKeys } from '../stack/keys/api_keys.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import { type AskPeer, readUsage, readUserUsage } from '../stack/usage/read_usage.ts';
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

/** `usage`: what keys, models, days or users have used; as rows of the first three, or of users, for programs. */
export async function usageCommand(flags: UsageFlags, environment: Environment): Promise<number> {
  const layout = layoutOf(environment);
  const driver = driverFor(keptOptions(layout) ?? DEFAULT_STACK_OPTIONS, environment);
  const peers = await driver.peers();
  const names: KeyNames = new Map(readKeys(layout.apiKeys).map(({ id, name }) => [id, name]));
  return flags.by === 'user' ? showUsers(peers, flags, names) : showRows(peers, { ...flags, by: flags.by }, names);
}

type KeyNames = ReadonlyMap<string, string>;
type ShowRows = UsageFlags & { by: Exclude<UsageGrouping, 'user'> };

async function showRows(
  peers: readonly AskPeer[],
  { days, by, json, csv }: ShowRows,
  names: KeyNames,
): Promise<number> {
  const view = await readUsage(peers, days);
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
    const groups = groupUsage(rows, by).map((group) => ({
      ...group,
      name: by === 'key' ? named(group.name, names) : group.name,
    }));
    print(table(by, [...groups, totalUsage(rows)]));
    say(`from ${view.from} to ${view.to}, ${LEGEND}`);
  }
  return 0;
}

const LEGEND = 'days in UTC; CACHED is the share of INPUT that prompt caches had; a * marks what has no price';

async function showUsers(peers: readonly AskPeer[], { days, json, csv }: UsageFlags, names: KeyNames): Promise<number> {
  const view = await readUserUsage(peers, days);
  const users = view.users.map((user) => ({ ...user, key_name: names.get(user.key) ?? null }));
  const period = `from ${view.from} to ${view.to}`;
  if (json) print(JSON.stringify({ ...view, users }, null, 2));
  else if (csv) print([CSV_HEAD_OF_USERS, ...users.map(userLine)].join('\n'));
  else if (users.length === 0) say(`no user of a key that acts for users has used anything ${period}`);
  else {
    print(table('user', [...userGroups(users, (id) => named(id, names)), totalUsage(users)]));
    say(`${period}: users are kept for ${USER_USAGE_DAYS} days; ${LEGEND}`);
  }
  return 0;
}

/** A name may be given again, its id never. */
function named(id: string, names: KeyNames): string {
  return names.has(id) ? `${names.get(id)} (${id})` : id;
}

const CSV_HEAD_OF_USERS =
  'key,key_name,user,ok,cancelled,failed,input_tokens,output_tokens,estimated_tokens,cost_usd,cached_input_tokens';

function userLine({ key, key_name, user, ...used }: UserUsage & { key_name: string | null }): string {
  const { ok, cancelled, failed, input_tokens, output_tokens, estimated_tokens, cost_usd, cached_input_tokens } = used;
  const counts = [
    ok,
    cancelled,
    failed,
    input_tokens,
    output_tokens,
    estimated_tokens,
    cost_usd ?? '',
    cached_input_tokens,
  ];
  return [key, key_name ?? '', user, ...counts].map(csvCell).join(',');
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
