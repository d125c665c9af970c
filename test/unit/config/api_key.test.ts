import { describe, expect, it } from 'vitest';
import { keyIdOf, mayUseModel } from '../../../src/config/api_key.ts';

describe('mayUseModel', () => {
  const cases: [string[], string[], boolean][] = [
    [['*'], ['anything', 'openai/anything'], true],
    [['gpt-5'], ['gpt-5', 'openai/gpt-5'], true],
    [['gpt-5'], ['gpt-5-mini', 'openai/gpt-5-mini'], false],
    [['gpt-5'], ['openai/gpt-5'], false],
    [['openai/*'], ['gpt-5', 'openai/gpt-5'], true],
    [['openai/*'], ['gpt-5', 'other/gpt-5'], false],
    [['a', 'gpt-*-mini'], ['gpt-5-mini'], true],
    [['gpt-*-mini'], ['gpt-5-mini-2'], false],
    // What stands before and behind the star must not be the same characters.
    [['ab*ba'], ['aba'], false],
    [['a*b*c'], ['a-b-b-c'], true],
    [['a*b*c'], ['ac'], false],
    // No pattern is a regular expression.
    [['gpt.5'], ['gpt-5'], false],
  ];
  it.each(cases)('%j lets through %j: %s', (models, names, expected) => {
    expect(mayUseModel({ models }, names)).toBe(expected);
  });
});

it('reads a key’s id from its text, and from nothing else', () => {
  const secret = 'A'.repeat(43);
  expect(keyIdOf(`weir_ab12cd34_${secret}`)).toBe('ab12cd34');
  for (const text of ['', 'sk-1', `weir_ab12cd3_${secret}`, `weir_ab12cd34_${secret}=`, `x weir_ab12cd34_${secret}`]) {
    expect(keyIdOf(text), text).toBeUndefined();
  }
});
