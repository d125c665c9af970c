import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainContent } from '../../../src/formats/chat/chat_chunk.ts';

const chunk = (content: string, more: object = {}, finish: string | null = null) =>
  JSON.stringify({
    id: 'x',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: finish }],
    ...more,
  });

describe('plainContent', () => {
  it('is the content that a JSON parser finds, or leaves it to one', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"delta":{"content":"no"}', '\\', '\\"', '","finish_reason":null', '"usage":{', 'é流🌉'),
    );
    fc.assert(
      fc.property(text, fc.constantFrom({}, { usage: null }, { service_tier: 'default' }), (content, more) => {
        expect([content, undefined]).toContain(plainContent(chunk(content, more)));
      }),
    );
    expect(plainContent(chunk(' word'))).toBe(' word');
    expect(plainContent(chunk('流れ', { usage: null }))).toBe('流れ');
  });

  it('leaves alone what says more than content', () => {
    expect(plainContent(chunk('end', {}, 'stop'))).toBeUndefined();
    expect(plainContent(chunk('end', { usage: { prompt_tokens: 1 } }))).toBeUndefined();
    expect(plainContent(chunk('a\nb'))).toBeUndefined();
    expect(plainContent('{"error":{"message":"x"}}')).toBeUndefined();
    expect(plainContent('[DONE]')).toBeUndefined();
  });
});
