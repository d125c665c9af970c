import { describe, expect, it } from 'vitest';
import type { Origin, Protocol } from '../../../src/core/passthrough/origin.ts';
import { OriginRegistry } from '../../../src/core/passthrough/origin_registry.ts';

const origin = (name: string, speaks: readonly Protocol[], reason?: string): Origin => ({
  name,
  speaks,
  modelsPath: '/models',
  modelsHeaders: {},
  unusable: () => reason,
  redact: (text) => text,
  call: () => Promise.reject(new Error('nobody calls')),
});
const origins = [
  origin('openai', ['chat', 'responses']),
  origin('anthropic', ['messages']),
  origin('poor', ['chat'], 'No key.'),
];

function select(byDefault: string, name: string, protocol: Protocol): string {
  const { provider, model, origin } = new OriginRegistry(origins, byDefault, 'fake').select(name, protocol);
  expect(origin?.name).toBe(provider === 'fake' ? undefined : provider);
  return `${provider}: ${model}`;
}

describe('a model’s name', () => {
  it.each<[string, string, Protocol, string]>([
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

  it.each<[string, string, Protocol, RegExp]>([
    ['fake', 'opneai/gpt-5', 'chat', /names no provider here; known: fake, openai/],
    ['openai', 'anthropic/claude', 'chat', /anthropic, which does not speak chat/],
    ['openai', 'fake/demo', 'embeddings', /fake, which does not speak embeddings/],
    ['openai', 'openai/', 'chat', /names no model/],
    ['openai', 'poor/x', 'chat', /No key/],
  ])('where %s is the default: %s, for %s, is refused', (byDefault, name, protocol, message) => {
    expect(() => select(byDefault, name, protocol)).toThrow(message);
  });
});
