import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../../src/config/api_key.ts';
import { KeyRing } from '../../../src/core/access/key_ring.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import { keyState, newKey } from '../../../src/stack/keys/api_keys.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const make = (more: Partial<ApiKey> = {}) => {
  const made = newKey({ name: 'alice', models: ['*'] }, NOW);
  return { text: made.text, key: { ...made.key, ...more } };
};

function ringOf(...keys: ApiKey[]): KeyRing {
  const ring = new KeyRing();
  ring.replace(keys);
  return ring;
}

function refusal(ring: KeyRing, text: string | undefined): string {
  try {
    ring.check(text, NOW.getTime());
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    expect((error as WeirError).code).toBe('unauthorized');
    return (error as WeirError).message;
  }
  return expect.fail('it was let through');
}

describe('a ring of keys', () => {
  it('knows a key by its whole text', () => {
    const { text, key } = make();
    const other = make();
    const ring = ringOf(key, other.key);
    expect(ring.check(text, NOW.getTime())).toEqual({ key, user: undefined, byToken: false, id: key.id });
    expect(refusal(ring, undefined)).toMatch(/^Send an API key/);
    // The right id with another's secret, a cut key, and the id of a key alone.
    expect(refusal(ring, text.slice(0, 14) + other.text.slice(14))).toMatch(/not known/);
    expect(refusal(ring, text.slice(0, -1))).toMatch(/not known/);
    expect(refusal(ring, key.id)).toMatch(/not known/);
    // What is kept opens nothing.
    expect(refusal(ring, key.sha256)).toMatch(/not known/);
  });

  it('says that a key is over to its holder alone', () => {
    const revoked = make({ revoked: '2026-11-20T00:00:00Z' });
    const expired = make({ expires: NOW.toISOString() });
    const ring = ringOf(revoked.key, expired.key);
    expect(refusal(ring, revoked.text)).toBe('This API key was revoked on 2026-11-20; ask for a new one.');
    expect(refusal(ring, expired.text)).toBe('This API key expired on 2026-11-25; ask for a new one.');
    expect(refusal(ring, `${revoked.text.slice(0, 14)}${'A'.repeat(43)}`)).toMatch(/not known/);
    expect([revoked.key, expired.key, make().key].map((key) => keyState(key, NOW))).toEqual([
      'revoked',
      'expired',
      'valid',
    ]);
    const ahead = make({ expires: '2026-11-25T12:00:00.001Z' });
    expect(ringOf(ahead.key).check(ahead.text, NOW.getTime()).key).toBe(ahead.key);
  });

  it('forgets what is not in the newest list', () => {
    const { text, key } = make();
    const ring = ringOf(key);
    ring.replace([]);
    expect(refusal(ring, text)).toMatch(/not known/);
    expect(ring.ofAsker(key.id)).toBeUndefined();
  });
});
