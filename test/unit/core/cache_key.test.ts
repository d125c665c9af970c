import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { cacheKey, parseExactly } from '../../../src/core/cache/request_key.ts';

const keyOf = (text: string) => cacheKey([parseExactly(Buffer.from(text))]);

/** The same value, its members the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, member]) => [name, turned(member)]);
  return Object.fromEntries(members.reverse());
}

describe('the key of a request', () => {
  it('is the same whatever the order of its members and the white space', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(keyOf(JSON.stringify(turned(value), null, 2))).toBe(keyOf(JSON.stringify(value)));
      }),
    );
  });

  it('is another one for any other value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const isSame = JSON.stringify(turned(turned(one))) === JSON.stringify(turned(turned(other)));
        fc.pre(!isSame && !Object.is(one, -0) && !Object.is(other, -0));
        const same = cacheKey([one]) === cacheKey([other]);
        // Members in another order are the same value, and text shows that only by chance.
        if (same) expect(one).toEqual(other);
      }),
    );
  });

  it.each([
    ['{"seed":9007199254740993}', '{"seed":9007199254740992}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":"1"}', '{"a":1}'],
    ['{"a":null}', '{}'],
    ['{"stop":[]}', '{"stop":{}}'],
  ])('distinguishes %s from %s', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it('is none for what is not JSON', () => {
    expect(parseExactly(Buffer.from('{"a":'))).toBeUndefined();
  });

  it('is none for what holds too many values, which is not parsed', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const body = parseExactly(Buffer.from(`{"a":[${'{},'.repeat(300_000)}{}]}`));
    expect([body, parse.mock.calls.length]).toEqual([undefined, 0]);
    parse.mockRestore();
  });
});
