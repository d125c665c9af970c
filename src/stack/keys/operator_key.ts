import { hash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { StackLayout } from '../stack_layout.ts';
import { changeKeys, readKeys } from './key_file.ts';
import { keyState, newKey } from './new_key.ts';

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

/** Makes that key, where there is none that holds; says so. It may have what a user without a key would. */
export function ensureOperatorKey(layout: StackLayout): string | undefined {
  const text = operatorKey(layout);
  const sha256 = text === undefined ? undefined : hash('sha256', text, 'hex');
  const now = new Date();
  const holds = readKeys(layout.apiKeys).some((key) => key.sha256 === sha256 && keyState(key, now) === 'valid');
  if (holds) return undefined;
  const made = newKey({ name: NAME, models: ['*'] }, now);
  changeKeys(layout.apiKeys, (keys) => [...keys, made.key]);
  // Its mode is set when it is made: an older file would keep the one it has.
  rmSync(layout.operatorKey, { force: true });
  writeFileSync(layout.operatorKey, `${made.text}\n`, { mode: 0o600 });
  return `made for ./weir load and ./weir doctor: ${layout.operatorKey}`;
}
