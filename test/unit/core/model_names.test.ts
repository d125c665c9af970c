import { describe, expect, it } from 'vitest';
import type { RouteSettings } from '../../../src/config/weir_config.ts';
import { RoutingTable } from '../../../src/core/routing/routing_table.ts';
import type { ClientFormat } from '../../../src/core/upstream/upstream.ts';
import { routedUpstream } from '../../support/routed_upstream.ts';

const upstreams = [
  routedUpstream('fake', ['chat', 'responses', 'messages']),
  routedUpstream('openai', ['chat', 'responses']),
  routedUpstream('anthropic', ['messages']),
  routedUpstream('poor', ['chat'], 'No key.'),
  routedUpstream('vectors', ['embeddings']),
];

const facts = { random: 0, conversation: () => undefined };

function select(byDefault: string, name: string, protocol: ClientFormat): string {
  const table = new RoutingTable(upstreams, {}, byDefault);
  const [{ provider, model, upstream }] = table.selectNamed(name, protocol, facts).targets;
  expect(upstream.name).toBe(provider);
  return `${provider}: ${model}`;
}

describe('a model’s name', () => {
  it.each<[string, string, ClientFormat, string]>([
    ['openai', 'openai/gpt-5', 'chat', 'openai: gpt-5'],
    ['openai', 'gpt-5', 'chat', 'openai: gpt-5'],
    ['openai', 'openai/meta/llama', 'chat', 'openai: meta/llama'],
    ['openai', 'meta-llama/Llama-4', 'chat', 'openai: meta-llama/Llama-4'],
    ['openai', 'fake/demo', 'chat', 'fake: demo'],
    ['fake', 'gpt-5', 'chat', 'fake: gpt-5'],
    ['fake', 'gpt-5', 'responses', 'openai: gpt-5'],
    ['openai', 'claude', 'messages', 'anthropic: claude'],
    ['fake', 'openai/gpt-5', 'responses', 'openai: gpt-5'],
    ['openai', 'fake/demo', 'messages', 'fake: demo'],
    ['openai', 'fake/demo', 'responses', 'fake: demo'],
    ['openai', 'anthropic/claude', 'chat', 'anthropic: claude'],
    ['openai', 'openai/gpt-5', 'messages', 'openai: gpt-5'],
    // What needs no translation goes first, then the default.
    ['anthropic', 'gpt-5', 'chat', 'openai: gpt-5'],
    ['poor', 'gpt-5', 'responses', 'openai: gpt-5'],
  ])('where %s is the default: %s, for %s, is %s', (byDefault, name, protocol, target) => {
    expect(select(byDefault, name, protocol)).toBe(target);
  });

  it.each<[string, string, ClientFormat, RegExp]>([
    ['fake', 'opneai/gpt-5', 'chat', /names no provider here; known: fake, openai/],
    ['openai', 'fake/demo', 'embeddings', /fake, which makes no embeddings/],
    ['openai', 'vectors/small', 'chat', /vectors, which makes embeddings only/],
    ['openai', 'openai/', 'chat', /names no model/],
    ['openai', 'poor/x', 'chat', /No key/],
  ])('where %s is the default: %s, for %s, is refused', (byDefault, name, protocol, message) => {
    expect(() => select(byDefault, name, protocol)).toThrow(message);
  });

  it('of a provider that speaks one format is reached by every client, also where it is the only one', () => {
    const only = [routedUpstream('fake', ['chat', 'responses', 'messages']), routedUpstream('claude', ['messages'])];
    const table = new RoutingTable(only, {}, 'claude');
    for (const format of ['chat', 'responses', 'messages', 'count_tokens'] as const) {
      expect(table.selectNamed('m', format, facts).targets[0].provider).toBe('claude');
    }
    expect(table.select(undefined, 'm', facts).targets[0].provider).toBe('claude');
  });

  it('of a route leads to targets of all formats, and to those that count tokens before those that do not', () => {
    const targets = ['openai', 'anthropic', 'vectors'].map((provider) => ({ provider, model: 'm' }));
    const table = new RoutingTable(upstreams, { all: { targets } }, 'openai');
    const names = (format: ClientFormat) =>
      table.selectNamed('all', format, facts).targets.map(({ provider }) => provider);
    expect([names('chat'), names('messages'), names('embeddings'), names('count_tokens')]).toEqual([
      ['openai', 'anthropic'],
      ['openai', 'anthropic'],
      ['vectors'],
      ['anthropic'],
    ]);
  });
});

it.each<[string, Record<string, RouteSettings>, string | undefined]>([
  ['a route of that name', { default: { targets: [{ provider: 'anthropic', model: 'claude' }] } }, 'default'],
  ['the first model of the default provider', {}, 'openai/gpt-5'],
])('a client that names no model gets %s', (_, routes, model) => {
  const openai = { ...routedUpstream('openai', ['chat']), models: ['gpt-5', 'gpt-5-mini'] };
  const table = (byDefault: string) => new RoutingTable([openai, routedUpstream('bare', ['chat'])], routes, byDefault);
  expect(table('openai').defaultModel).toBe(model);
  expect(table('bare').defaultModel).toBe(model === 'default' ? model : undefined);
});
