import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askerOf, isUserName, keyIdOfAsker, userOfAsker } from '../../../src/core/access/asker.ts';
import { mintToken } from '../../../src/core/access/browser_token.ts';
import { KeyRing } from '../../../src/core/access/key_ring.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import { newKey, withNewTokenSecret } from '../../../src/stack/keys/api_keys.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** Old enough to sign. */
const made = (at = NOW - HOUR) => newKey({ name: 'app', models: ['*'], acts_for_users: {} }, new Date(at)).key;
const key = made();
const inSeconds = (seconds: number, now = NOW) => now / SECOND + seconds;

function ringOf(...keys: (typeof key)[]): KeyRing {
  const ring = new KeyRing();
  ring.replace(keys);
  return ring;
}

function refusal(token: string, ring = ringOf(key), now = NOW): string {
  try {
    ring.check(token, now);
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    expect((error as WeirError).code).toBe('unauthorized');
    return (error as WeirError).message;
  }
  return expect.fail('it was let through');
}

const users = fc.string({
  minLength: 1,
  maxLength: 200,
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

describe('an asker', () => {
  it('has a name that leads back to key and user, and is no other’s', () => {
    fc.assert(
      fc.property(users, users, (one, other) => {
        expect(isUserName(one)).toBe(true);
        const { id } = askerOf(key, one, false);
        expect([keyIdOfAsker(id), userOfAsker(id)]).toEqual([key.id, one]);
        // What separates names in the stores' keys, and marks a slot of a Redis Cluster.
        expect(id).not.toMatch(/[\s:{}]/);
        expect(id === askerOf(key, other, false).id).toBe(one === other);
      }),
    );
    expect(askerOf(key, undefined, false).id).toBe(key.id);
    expect(userOfAsker(key.id)).toBeUndefined();
  });

  it.each(['', 'a'.repeat(201), 'tab\t', 'line\n', 'münchen', '\u007f'])('is not called %j', (name) => {
    expect(isUserName(name)).toBe(false);
  });
});

describe('a browser token', () => {
  it('names one user of its key until it ends', () => {
    fc.assert(
      fc.property(users, (user) => {
        const token = mintToken(key, user, inSeconds(900), NOW);
        expect(token).toMatch(/^weir_token_[\w.-]+$/);
        expect(ringOf(key).check(token, NOW)).toEqual(askerOf(key, user, true));
      }),
    );
    const token = mintToken(key, 'alice', inSeconds(900), NOW);
    expect(ringOf(key).check(token, NOW + 900 * SECOND - 1).user).toBe('alice');
    expect(refusal(token, ringOf(key), NOW + 900 * SECOND)).toBe(
      'This browser token does not hold: it expired at 2026-11-28T12:15:00.000Z. Ask your backend for a new one.',
    );
  });

  it('is refused with any character changed, left out or added', () => {
    const token = mintToken(key, 'alice', inSeconds(900), NOW);
    const characters = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.nat(token.length - 1), characters, (at, character) => {
        const [before, after] = [token.slice(0, at), token.slice(at + 1)];
        if (character !== token[at]) refusal(`${before}${character}${after}`);
        refusal(before + after);
        refusal(`${before}${character}${token.slice(at)}`);
      }),
      { numRuns: 1_000 },
    );
    // Base64 leaves two bits of the last character unused: all spellings of the same bytes but one are refused, too.
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (last !== token.at(-1)) refusal(`${token.slice(0, -1)}${last}`);
    }
  });

  it('holds for its own key and deployment only', () => {
    const other = made();
    const token = mintToken(key, 'alice', inSeconds(900), NOW);
    expect(refusal(token.replace(key.id, other.id), ringOf(key, other))).toMatch(
      /changed, or made by another deployment/,
    );
    expect(refusal(token, ringOf(other))).toMatch(/its key is not known here/);
    // A deployment of its own, whose key happens to have that id; and a key that acts for no users any more.
    expect(refusal(token, ringOf({ ...other, id: key.id }))).toMatch(/made by another deployment/);
    const { acts_for_users: _, ...plain } = key;
    expect(refusal(token, ringOf(plain))).toMatch(/made by another deployment/);
  });

  it('ends with its key', () => {
    const token = mintToken(key, 'alice', inSeconds(900), NOW);
    const revoked = { ...key, revoked: '2026-11-27T00:00:00Z' };
    expect(refusal(token, ringOf(revoked))).toBe(
      'The key of this browser token was revoked on 2026-11-27; ask for a new one.',
    );
    expect(refusal(token, ringOf({ ...key, expires: '2026-11-28T12:00:00Z' }))).toMatch(/expired on 2026-11-28/);
    expect(refusal(token.replace('token', 'token2'), ringOf(revoked))).not.toMatch(/revoked/);
  });

  it('is refused where clocks differ so much that it would hold for longer than any', () => {
    const token = mintToken(key, 'alice', inSeconds(3_600), NOW);
    expect(ringOf(key).check(token, NOW - 60 * SECOND).user).toBe('alice');
    expect(refusal(token, ringOf(key), NOW - 61 * SECOND)).toMatch(/set this deployment's clocks right/);
  });

  it('outlives a change of the secret, once; the new secret signs when all instances know it', () => {
    const token = mintToken(key, 'alice', inSeconds(900), NOW);
    const once = withNewTokenSecret(key, new Date(NOW));
    const holds = (text: string, keyNow: typeof key) => ringOf(keyNow).check(text, NOW).user;
    expect(holds(token, once)).toBe('alice');
    const meanwhile = mintToken(once, 'bob', inSeconds(900), NOW + 59 * SECOND);
    expect(holds(meanwhile, key)).toBe('bob');
    const then = mintToken(once, 'bob', inSeconds(900), NOW + 60 * SECOND);
    expect(holds(then, once)).toBe('bob');
    refusal(then, ringOf(key));
    const twice = withNewTokenSecret(once, new Date(NOW + HOUR));
    expect(holds(then, twice)).toBe('bob');
    refusal(token, ringOf(twice));
  });

  it('can be made at once with a key that was just made', () => {
    const fresh = made(NOW);
    expect(ringOf(fresh).check(mintToken(fresh, 'alice', inSeconds(60), NOW), NOW).user).toBe('alice');
  });
});
