import { existsSync, readFileSync } from 'node:fs';
import { type ApiKey, type ApiKeysFile, apiKeysFileSchema } from '../../config/api_key.ts';
import { writeJsonFile } from '../json_file.ts';
import { StackError } from '../stack_error.ts';
import { takeLock } from '../start_lock.ts';

/** All keys of a file, those that no longer hold too; none where there is no file. @throws StackError */
export function readKeys(file: string): ApiKey[] {
  if (!existsSync(file)) return [];
  try {
    return apiKeysFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).keys;
  } catch {
    throw new StackError(`${file} is no file of keys`, 'restore it from a copy, or move it away to begin with none');
  }
}

/** A change takes milliseconds; many commands at once take their turns. */
const WAIT_MS = 10_000;

/**
 * Changes the file, one command at a time; only this account can read it, and running instances see it within a second.
 * @param change gets the keys and gives those that are to be kept
 */
export function changeKeys(file: string, change: (keys: ApiKey[]) => ApiKey[]): void {
  withKeys(file, () => writeJsonFile(file, { version: 1, keys: change(readKeys(file)) } satisfies ApiKeysFile));
}

/** Does something for which the file has to stay as it is. @throws StackError where it is changed for too long */
export function withKeys(file: string, work: () => void): void {
  const unlock = takeLock(`${file}.lock`, 'the keys', WAIT_MS);
  try {
    work();
  } finally {
    unlock();
  }
}
