import { expect, it } from 'vitest';
import { providerKey } from '../../../src/gateway/provider_key.ts';

const ours = { base_url: 'http://127.0.0.1:9/v1', file: undefined, variable: 'HOUSE_KEY' };
const known = { base_url: 'https://api.openai.com/v1', file: undefined, variable: 'OPENAI_API_KEY' };

it('a key that the configuration names is wanted, wherever its provider is', () => {
  expect(providerKey('house', { ...ours, isNamed: true }, {}).unusable).toMatch(/house has no key; set HOUSE_KEY/);
  expect(providerKey('house', { ...ours, isNamed: true }, { HOUSE_KEY: ' k \n' })).toMatchObject({ key: 'k' });
});

it('a key that only its preset names is wanted where everybody knows that it is', () => {
  expect(providerKey('openai', { ...known, isNamed: false }, {}).unusable).toMatch(/set OPENAI_API_KEY/);
  expect(providerKey('openai', { ...known, ...ours, isNamed: false }, {}).unusable).toBeUndefined();
});
