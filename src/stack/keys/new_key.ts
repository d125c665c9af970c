import { hash, randomBytes } from 'node:crypto';
import type { ApiKey } from '../../config/api_key.ts';

/** What a key is made with. */
export type KeyWishes = Pick<
  ApiKey,
  'name' | 'models' | 'streams' | 'requests_per_minute' | 'tokens_per_minute' | 'expires'
>;

/** A new key: its text, which is kept nowhere, and what is kept of it. */
export function newKey(wishes: KeyWishes, now: Date): { text: string; key: ApiKey } {
  const id = randomBytes(4).toString('hex');
  const text = `weir_${id}_${randomBytes(32).toString('base64url')}`;
  return { text, key: { id, sha256: hash('sha256', text, 'hex'), ...wishes, created: now.toISOString() } };
}

/** Whether a key holds, in a word. */
export function keyState({ revoked, expires }: ApiKey, now: Date): 'valid' | 'expired' | 'revoked' {
  if (revoked !== undefined) return 'revoked';
  return expires !== undefined && now.getTime() >= Date.parse(expires) ? 'expired' : 'valid';
}
