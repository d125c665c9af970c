import { describe, expect, it } from 'vitest';
import type { ApiFormat } from '../../../src/config/provider_presets.ts';
import { RoutingTable } from '../../../src/core/routing/routing_table.ts';
import { routedUpstream } from '../../support/routed_upstream.ts';

const upstreams = [
  routedUpstream('fake', ['chat', 'responses', 'messages']),
  routedUpstream('openai', ['chat', 'responses']),
  routedUpstream('anthropic', ['messages']),
  routedUpstream('poor', ['chat'], 'No key.'),
];

function select(byDefault: string, name: string, protocol: ApiFormat): string {
  const [{ provider, model, upstream }] = new RoutingTable(upstreams, {}, byDefault).selectNamed(name, protocol, {
    random: 0,
    conversation: () => undefined,
  }).targets;
  expect(upstream.name).toBe(provider);
  return `${provider}: ${model}`;
}

describe('a model’s name', () => {
  it.each<[string, string, ApiFormat, string]>([
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
  ])('where %s is the default: %s, for %s, is %s', (byDefault, name, protocol, target) => {
    expect(select(byDefault, name, protocol)).toBe(target);
  });

  it.each<[string, string, ApiFormat, RegExp]>([
    ['fake', 'opneai/gpt-5', 'chat', /names no provider here; known: fake, openai/],
    ['openai', 'anthropic/claude', 'chat', /anthropic, which does not speak chat/],
    ['openai', 'fake/demo', 'embeddings', /fake, which does not speak embeddings/],
    ['openai', 'openai/', 'chat', /names no model/],
    ['openai', 'poor/x', 'chat', /No key/],
  ])('where %s is the default: %s, for %s, is refused', (byDefault, name, protocol, message) => {
    expect(() => select(byDefault, name, protocol)).toThrow(message);
  });
});
