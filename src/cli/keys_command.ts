import { type Command, InvalidArgumentError } from 'commander';
import type { ApiKey } from '../config/api_key.ts';
import { shareKeys } from '../stack/compose/container_files.ts';
import { changeKeys, keyState, newKey, readKeys, withNewTokenSecret } from '../stack/keys/api_keys.ts';
import { UsageError } from '../stack/stack_error.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { keptOptions, layoutOf } from './stack_access.ts';
import { wholeNumber } from './stack_flags.ts';

interface FileFlag {
  file?: string;
}

interface CreateFlags extends FileFlag {
  models?: string[];
  streams?: number;
  rpm?: number;
  tpm?: number;
  expires?: Date;
  actsForUsers?: true;
  totalRpm?: number;
  totalTpm?: number;
}

/** Adds `keys create|list|revoke|rotate-tokens`. */
export function addKeysCommands(
  program: Command,
  environment: Environment,
  finish: (work: Promise<number>) => Promise<void>,
): void {
  const keys = program.command('keys').description('API keys of clients (start --auth keys)');
  const add = (name: string) =>
    keys.command(name).option('--file <file>', "the file of keys (the stack's own; an instance's API_KEYS_FILE)");
  add('create')
    .argument('<name>', 'who uses it')
    .description('make a key; it is shown once')
    .option('--models <list>', 'models it may use, comma separated; * stands for anything (*)', patterns)
    .option(
      '--acts-for-users',
      'requests name their user in X-Weir-User, and browser tokens can be made; limits are per user',
    )
    .option('--streams <n>', 'streams at once over all instances (the limit of every user)', atLeastOne)
    .option('--rpm <n>', 'requests per minute (no limit)', atLeastOne)
    .option('--tpm <n>', 'tokens per minute (no limit)', atLeastOne)
    .option(
      '--total-rpm <n>',
      'with --acts-for-users: requests per minute of all users together (no limit)',
      atLeastOne,
    )
    .option('--total-tpm <n>', 'with --acts-for-users: tokens per minute of all users together (no limit)', atLeastOne)
    .option('--expires <when>', 'a lifetime such as 30d or 12h, or a date such as 2027-01-31 (never)', moment)
    .action((name: string, flags: CreateFlags) => finish(create(name, flags, environment)));
  add('list')
    .description('all keys, without their secrets')
    .option('--json', 'for programs')
    .action((flags: FileFlag & { json?: boolean }) => finish(list(flags, environment)));
  add('revoke')
    .argument('<key>', 'its id or its name')
    .description('refuse it from now on; its open streams may finish')
    .action((key: string, flags: FileFlag) => finish(revoke(key, flags, environment)));
  add('rotate-tokens')
    .argument('<key>', 'its id or its name')
    .description('sign browser tokens with a new secret; those that were made before hold until they end')
    .action((key: string, flags: FileFlag) => finish(rotateTokens(key, flags, environment)));
}

async function create(name: string, flags: CreateFlags, environment: Environment): Promise<number> {
  const now = new Date();
  if (name === '' || name.length > 100) throw new UsageError('a name must have 1 to 100 characters', 'choose another');
  if (flags.expires && flags.expires <= now) throw new UsageError('--expires is in the past', 'give a later time');
  const { totalRpm, totalTpm } = flags;
  if (!flags.actsForUsers && (totalRpm ?? totalTpm) !== undefined) {
    throw new UsageError(
      '--total-rpm and --total-tpm are for keys of many users',
      'add --acts-for-users, or use --rpm and --tpm',
    );
  }
  const total = {
    ...(totalRpm === undefined ? {} : { requests_per_minute: totalRpm }),
    ...(totalTpm === undefined ? {} : { tokens_per_minute: totalTpm }),
  };
  const { text, key } = newKey(
    {
      name,
      models: flags.models ?? ['*'],
      ...(flags.streams === undefined ? {} : { streams: flags.streams }),
      ...(flags.rpm === undefined ? {} : { requests_per_minute: flags.rpm }),
      ...(flags.tpm === undefined ? {} : { tokens_per_minute: flags.tpm }),
      ...(flags.expires === undefined ? {} : { expires: flags.expires.toISOString() }),
      ...(flags.actsForUsers ? { acts_for_users: total } : {}),
    },
    now,
  );
  change(flags, environment, (keys) => {
    if (keys.some((each) => each.name === name && keyState(each, now) === 'valid')) {
      throw new UsageError(
        `a valid key named ${name} exists already`,
        `choose another name, or ./weir keys revoke ${name}`,
      );
    }
    return [...keys, key];
  });
  say(`key ${key.id} for ${name}; only its hash is kept, so copy it now`);
  print(text);
  if (flags.file === undefined && keptOptions(layoutOf(environment))?.auth !== 'keys') {
    say('this stack does not require keys yet: ./weir start --all --auth keys, or ./weir restart --auth keys');
  }
  return 0;
}

async function list(flags: FileFlag & { json?: boolean }, environment: Environment): Promise<number> {
  const now = new Date();
  const keys = readKeys(fileOf(flags, environment));
  if (flags.json) {
    print(JSON.stringify({ keys: keys.map((key) => withoutSecrets(key, now)) }, null, 2));
    return 0;
  }
  if (keys.length === 0) say('there are no keys; make one with ./weir keys create NAME');
  else print([HEAD, ...keys.map((key) => row(key, now))].map(line).join('\n'));
  return 0;
}

function withoutSecrets({ sha256: _, acts_for_users, ...key }: ApiKey, now: Date): object {
  const { token_secrets: __, ...total } = acts_for_users ?? {};
  return { ...key, ...(acts_for_users && { acts_for_users: total }), state: keyState(key, now) };
}

async function revoke(wanted: string, flags: FileFlag, environment: Environment): Promise<number> {
  const now = new Date();
  const { id, name } = changeKey(wanted, flags, environment, (key) => ({
    ...key,
    revoked: key.revoked ?? now.toISOString(),
  }));
  say(`${id} (${name}) is refused from now on; its open streams may finish`);
  return 0;
}

async function rotateTokens(wanted: string, flags: FileFlag, environment: Environment): Promise<number> {
  const { id, name } = changeKey(wanted, flags, environment, (key) => withNewTokenSecret(key, new Date()));
  say(`${id} (${name}) signs browser tokens with a new secret in a minute; those before it hold until they end`);
  return 0;
}

/** Changes one key. @param wanted its id, or the name of a valid one; @returns the key as it is now */
function changeKey(wanted: string, flags: FileFlag, environment: Environment, how: (key: ApiKey) => ApiKey): ApiKey {
  const now = new Date();
  const changed: ApiKey[] = [];
  change(flags, environment, (keys) => {
    const isMeant = (key: ApiKey) => key.id === wanted || (key.name === wanted && keyState(key, now) === 'valid');
    const key = keys.find(isMeant);
    if (!key) throw new UsageError(`there is no key ${wanted}`, 'see ./weir keys list');
    const next = how(key);
    changed.push(next);
    return keys.map((each) => (each === key ? next : each));
  });
  return changed[0] as ApiKey;
}

/** Changes the stack's own file (and the copy that its containers read), or another file. */
function change(flags: FileFlag, environment: Environment, how: (keys: ApiKey[]) => ApiKey[]): void {
  changeKeys(fileOf(flags, environment), how);
  if (flags.file === undefined) shareKeys(layoutOf(environment));
}

function fileOf({ file }: FileFlag, environment: Environment): string {
  return file ?? layoutOf(environment).apiKeys;
}

const HEAD = ['ID', 'NAME', 'STATE', 'ACTS FOR', 'STREAMS', 'REQ/MIN', 'TOK/MIN', 'EXPIRES', 'MODELS'];
const WIDTHS = [8, 20, 8, 8, 8, 8, 10, 10, 0];

function row(key: ApiKey, now: Date): string[] {
  const { id, name, streams, requests_per_minute, tokens_per_minute, expires, models } = key;
  const limits = [streams, requests_per_minute, tokens_per_minute].map((limit) => `${limit ?? '-'}`);
  return [
    id,
    name,
    keyState(key, now),
    key.acts_for_users ? 'users' : 'itself',
    ...limits,
    expires?.slice(0, 10) ?? 'never',
    models.join(','),
  ];
}

function line(cells: string[]): string {
  return cells.map((cell, at) => cell.padEnd(WIDTHS[at] ?? 0)).join('  ');
}

function patterns(text: string): string[] {
  const models = text
    .split(',')
    .map((model) => model.trim())
    .filter(Boolean);
  if (models.length === 0) throw new InvalidArgumentError('Name at least one, such as gpt-5 or openai/*.');
  return models;
}

function atLeastOne(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > 1_000_000) throw new InvalidArgumentError('It must be from 1 to 1000000.');
  return number;
}

const UNITS = { h: 3_600_000, d: 86_400_000 };

function moment(text: string): Date {
  const [, number, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  if (unit !== undefined) return new Date(Date.now() + Number(number) * UNITS[unit as keyof typeof UNITS]);
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : undefined;
  if (date && Number.isFinite(date.getTime())) return date;
  throw new InvalidArgumentError('Use 30d, 12h, or a date such as 2027-01-31.');
}
