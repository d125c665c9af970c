import { hash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ApiKey, type ApiKeysFile, apiKeysFileSchema } from '../../config/api_key.ts';
import { writeJsonFile } from '../json_file.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import { takeLock } from '../start_lock.ts';

/** Properties of a new key. */
export type KeyWishes = Pick<
  ApiKey,
  'name' | 'models' | 'streams' | 'requests_per_minute' | 'tokens_per_minute' | 'expires'
>;

/** A new key: its text, which is not stored, and the record that is stored. */
export function newKey(wishes: KeyWishes, now: Date): { text: string; key: ApiKey } {
  const id = randomBytes(4).toString('hex');
  const text = `weir_${id}_${randomBytes(32).toString('base64url')}`;
  return { text, key: { id, sha256: hash('sha256', text, 'hex'), ...wishes, created: now.toISOString() } };
}

/** Whether a key is valid. */
export function keyState({ revoked, expires }: ApiKey, now: Date): 'valid' | 'expired' | 'revoked' {
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
