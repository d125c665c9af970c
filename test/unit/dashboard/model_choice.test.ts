import { describe, expect, it } from 'vitest';
import type { ModelsView } from '../../../performance_dashboard/src/api.ts';
import { chooseModel, routeWords } from '../../../performance_dashboard/src/view/modelChoice.ts';

const provider = (name: string, speaks: ModelsView['providers'][number]['speaks'], ...models: string[]) => {
  return { name, usable: true, speaks, models, any_model: true };
};
const target = (name: string, weight?: number) => ({
  provider: name,
  model: 'm',
  ...(weight === undefined ? {} : { weight }),
});
const route = (name: string, ...targets: ReturnType<typeof target>[]): ModelsView['routes'][number] => {
  return { name, usable: true, speaks: ['chat'], targets };
};
const VIEW: ModelsView = {
  default_provider: 'openai',
  providers: [
    provider('openai', ['chat', 'embeddings'], 'gpt-5'),
    provider('anthropic', ['messages']),
    provider('vectors', ['embeddings']),
    provider('fake', ['chat'], 'demo'),
  ],
  routes: [route('smart', target('openai')), { ...route('vectors', target('openai')), speaks: ['embeddings'] }],
};
const NOTHING = { provider: '', route: '', model: '' };

describe('the choice of a model', () => {
  it('offers providers that answer streams, fake first, and takes the first where nothing is chosen', () => {
    const { providers, routes, provider, model } = chooseModel(VIEW, NOTHING);
    expect([providers.map(({ name }) => name), routes.map(({ name }) => name)]).toEqual([
      ['fake', 'openai', 'anthropic'],
      ['smart'],
    ]);
    expect([provider?.name, model]).toEqual(['fake', 'demo']);
  });

  it.each([
    ['a provider', { ...NOTHING, provider: 'openai' }, 'openai', 'gpt-5'],
    ['its other model', { ...NOTHING, provider: 'openai', model: 'o9' }, 'openai', 'o9'],
    ['a route, which has no provider', { ...NOTHING, route: 'smart' }, undefined, 'smart'],
    ['a route that is gone', { ...NOTHING, route: 'clever' }, 'fake', 'demo'],
  ])('is %s', (_, choice, name, model) => {
    const chosen = chooseModel(VIEW, choice);
    expect([chosen.provider?.name, chosen.model]).toEqual([name, model]);
  });

  it('is fake while nothing is known', () => {
    expect(chooseModel(undefined, NOTHING)).toMatchObject({ provider: { name: 'fake' }, routes: [], model: 'demo' });
  });
});

describe('a route in words', () => {
  it.each([
    [route('r', target('a')), 'Uses a/m.'],
    [route('r', target('a'), target('b')), 'Tries a/m, then b/m.'],
    [route('r', target('a', 3), target('b', 1)), 'Tries one of these first, by weight: a/m (3), b/m (1).'],
    [
      { ...route('r', target('a', 1), target('b', 0)), order: 'affinity' as const },
      'Keeps each conversation at one of these: a/m (1), b/m (0).',
    ],
    [
      { ...route('r', target('a'), target('b')), order: 'least_busy' as const },
      'Tries the one with the fewest streams first: a/m, b/m.',
    ],
    [{ ...route('r', target('a')), usable: false }, 'No target of this route is available.'],
  ])('%#', (given, words) => {
    expect(routeWords(given)).toBe(words);
  });
});
