import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeTokens, tokenize } from '../../../src/adapters/providers/fake_text.ts';

const take = (seed: number, prompt: string, count: number) => fakeTokens(seed, prompt).take(count).toArray().join('');

describe('the text of the fake provider', () => {
  it('is the same for the same seed and prompt, and another for another', () => {
    expect(take(42, 'hello', 100)).toBe(take(42, 'hello', 100));
    expect(take(42, 'hello', 100)).not.toBe(take(43, 'hello', 100));
    expect(take(42, 'hello', 100)).not.toBe(take(42, 'goodbye', 100));
  });

  it('exercises the path: accents, CJK, joined emoji, line breaks', () => {
    const text = take(1, '', 2_000);
    for (const pattern of [/[éüñ]/u, /\p{Script=Han}/u, /\u200d/u, /\n/u, /\u2028/u]) expect(text).toMatch(pattern);
  });

  it('is cut into tokens that make the text again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokenize(text).join('')).toBe(text);
      }),
    );
  });
});
