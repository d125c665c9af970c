import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { type FormatName, translated } from './translate.ts';

/** What depends on the name of the upstream's model: [from, body, to, model, what is written, what is dropped]. */
const CASES: [FormatName, JsonObject, FormatName, string, JsonObject, string[]][] = [
  ['messages', { max_tokens: 5 }, 'chat', 'gpt-5.2', { max_completion_tokens: 5 }, []],
  ['messages', { max_tokens: 5 }, 'chat', 'openai/o4-mini', { max_completion_tokens: 5 }, []],
  ['messages', { max_tokens: 5 }, 'chat', 'gpt-4o', { max_tokens: 5 }, []],
  ['messages', { max_tokens: 5 }, 'chat', 'mistral-large', { max_tokens: 5 }, []],
  ['messages', { top_k: 5 }, 'chat', 'llama', { top_k: 5 }, []],
  ['messages', { top_k: 5 }, 'chat', 'gpt-4o', {}, ['top_k']],
  [
    'messages',
    { thinking: { type: 'enabled', budget_tokens: 31_999 } },
    'chat',
    'gpt-5.2',
    { reasoning_effort: 'high' },
    [],
  ],
  [
    'messages',
    { thinking: { type: 'enabled', budget_tokens: 10_000 } },
    'chat',
    'qwen3',
    { reasoning_effort: 'medium' },
    [],
  ],
  [
    'messages',
    { thinking: { type: 'enabled', budget_tokens: 1024 } },
    'chat',
    'qwen3',
    { reasoning_effort: 'low' },
    [],
  ],
  ['messages', { thinking: { type: 'enabled', budget_tokens: 1024 } }, 'chat', 'gpt-4o', {}, ['thinking']],
  ['messages', { thinking: { type: 'disabled' } }, 'responses', 'gpt-5.2', { reasoning: { effort: 'none' } }, []],
  ['messages', { output_config: { effort: 'low' } }, 'responses', 'gpt-5.2', { reasoning: { effort: 'low' } }, []],
  ['messages', { output_config: { effort: 'low' } }, 'responses', 'gpt-4o', {}, ['output_config.effort']],
  ['messages', { thinking: { type: 'adaptive' } }, 'responses', 'gpt-5.2', { reasoning: { summary: 'auto' } }, []],
  [
    'chat',
    { reasoning_effort: 'high' },
    'responses',
    'gpt-5.2',
    { reasoning: { effort: 'high', summary: 'auto' } },
    [],
  ],
  ['responses', { reasoning: { effort: 'high' } }, 'chat', 'gpt-5.2', { reasoning_effort: 'high' }, []],
];

describe('what a model takes', () => {
  it.each(CASES)('%s %j in %s for %s', (from, more, to, model, expected, dropped) => {
    const written = translated(from, more, to, { model });
    const { max_tokens, max_completion_tokens, top_k, reasoning_effort, reasoning } = written.body;
    const limit = 'max_tokens' in more ? { max_tokens, max_completion_tokens } : {};
    expect(JSON.parse(JSON.stringify({ ...limit, top_k, reasoning_effort, reasoning }))).toEqual(expected);
    expect(written.dropped).toEqual(dropped);
  });

  /** [effort, model of chat completions, effort that it gets] */
  const EFFORTS: [string, string, string | undefined][] = [
    ['xhigh', 'gpt-5.2', 'xhigh'],
    ['xhigh', 'Qwen/Qwen3.5', 'high'],
    ['max', 'deepseek-chat', 'max'],
    ['max', 'kimi-k3', 'high'],
    ['minimal', 'gemini-3-pro', 'low'],
    ['none', 'qwen3', 'none'],
    ['max', 'anthropic/claude-opus-4.7', 'max'],
    ['high', 'llama-3.3-70b', undefined],
  ];
  it.each(EFFORTS)('%s for %s is an effort that it knows', (effort, model, expected) => {
    const written = translated('messages', { output_config: { effort } }, 'chat', { model });
    expect(written.body.reasoning_effort).toBe(expected);
    expect(written.dropped).toEqual(expected === undefined ? ['output_config.effort'] : []);
  });

  it('gives text alone as one string, refusals as text, and one message of the system', () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'c' },
          { type: 'text', text: 'd' },
        ],
      },
    ];
    const system = [
      { type: 'text', text: 'x' },
      { type: 'text', text: 'y' },
    ];
    expect(translated('messages', { system, messages }, 'chat', { model: 'qwen3' }).body.messages).toEqual([
      { role: 'system', content: 'x\n\ny' },
      { role: 'user', content: 'a\n\nb' },
      { role: 'assistant', content: 'cd' },
    ]);
    const input = [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }];
    expect(translated('responses', { input }, 'chat', { model: 'qwen3' }).body.messages).toEqual([
      { role: 'assistant', content: 'No.' },
    ]);
  });

  it('asks OpenAI for reasoning that can be given back, but not models that have none', () => {
    expect(translated('chat', {}, 'responses', { model: 'gpt-5.2' }).body.include).toEqual([
      'reasoning.encrypted_content',
    ]);
    expect(translated('chat', {}, 'responses', { model: 'gpt-4o' }).body.include).toBeUndefined();
  });
});
