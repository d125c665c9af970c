import { hash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ApiKey, type ApiKeysFile, apiKeysFileSchema } from '../../config/api_key.ts';
import { writeJsonFile } from '../json_file.ts';
import { StackError, UsageError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import { takeLock } from '../start_lock.ts';

/** Properties of a new key. */
export interface KeyWishes
  extends Pick<ApiKey, 'name' | 'models' | 'streams' | 'requests_per_minute' | 'tokens_per_minute' | 'expires'> {
  /** The key acts for users; limits of all of them together. */
  acts_for_users?: Pick<NonNullable<ApiKey['acts_for_users']>, 'requests_per_minute' | 'tokens_per_minute'>;
}

/** A new key: its text, which is not stored, and the record that is stored. */
export function newKey({ acts_for_users, ...wishes }: KeyWishes, now: Date): { text: string; key: ApiKey } {
  const id = randomBytes(4).toString('hex');
  const text = `weir_${id}_${randomBytes(32).toString('base64url')}`;
  const users = acts_for_users && { acts_for_users: { token_secrets: [newTokenSecret(now)], ...acts_for_users } };
  return { text, key: { id, sha256: hash('sha256', text, 'hex'), ...wishes, ...users, created: now.toISOString() } };
}

/**
 * The key with a new secret for browser tokens. Tokens that the secret before it signed hold until they end; those of an
 * older one hold no longer. @throws UsageError where the key acts for no users
 */
export function withNewTokenSecret(key: ApiKey, now: Date): ApiKey {
  const { acts_for_users } = key;
  if (!acts_for_users) throw new UsageError(`${key.name} does not act for users`, 'it has no tokens');
  const token_secrets = [newTokenSecret(now), ...acts_for_users.token_secrets.slice(0, 1)];
  return { ...key, acts_for_users: { ...acts_for_users, token_secrets } };
}

function newTokenSecret(now: Date) {
  return { secret: randomBytes(32).toString('base64url'), created: now.toISOString() };
}

/** Whether a key is valid. */
export function keyState(
  { revoked, expires }: Pick<ApiKey, 'revoked' | 'expires'>,
  now: Date,
): 'valid' | 'expired' | 'revoked' {
  if (revoked !== undefined) return 'revoked';
  return expires !== undefined && now.getTime() >= Date.parse(expires) ? 'expired' : 'valid';
}

/** All keys of a file, including expired and revoked ones; empty without a file. @throws StackError */
export function readKeys(file: string): ApiKey[] {
  if (!existsSync(file)) return [];
  try {
    return apiKeysFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).keys;
  } catch {
    throw new StackError(
      `${file} is not a file of keys`,
      'restore it from a copy, or move it away to start without keys',
    );
  }
}

/** How long to wait for other commands. A change takes milliseconds. */
const WAIT_MS = 10_000;

/**
 * Changes the file, one command at a time; only this account can read it, and running instances see it within a second.
 * @param change gets the keys and returns the new list
 */
export function changeKeys(file: string, change: (keys: ApiKey[]) => ApiKey[]): void {
  withKeys(file, () => writeJsonFile(file, { version: 1, keys: change(readKeys(file)) } satisfies ApiKeysFile));
}

/** Runs `work` while no other command can change the file. @throws StackError if the lock is held for too long */
export function withKeys(file: string, work: () => void): void {
  const unlock = takeLock(`${file}.lock`, 'the keys', WAIT_MS);
  try {
    work();
  } finally {
    unlock();
  }
}

const NAME = 'operator';

/**
 * The key with which this account's own tools (load test, doctor, console) ask the stack; undefined before the first
 * start with keys.
 */
export function operatorKey({ operatorKey: file }: Pick<StackLayout, 'operatorKey'>): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Makes that key if there is no valid one, and returns a sentence about it. Its limits are those of a user without a key. */
export function ensureOperatorKey(layout: StackLayout): string | undefined {
  const text = operatorKey(layout);
  const sha256 = text === undefined ? undefined : hash('sha256', text, 'hex');
  const now = new Date();
  const holds = readKeys(layout.apiKeys).some((key) => key.sha256 === sha256 && keyState(key, now) === 'valid');
  if (holds) return undefined;
  const made = newKey({ name: NAME, models: ['*'] }, now);
  changeKeys(layout.apiKeys, (keys) => [...keys, made.key]);
  // The mode is set on creation only: an existing file would keep its own.
  rmSync(layout.operatorKey, { force: true });
  writeFileSync(layout.operatorKey, `${made.text}\n`, { mode: 0o600 });
  return `made a key for ./weir load and ./weir doctor: ${layout.operatorKey}`;
}
