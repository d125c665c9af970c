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
    ['none', 'qwen3', undefined],
    ['none', 'gemini-2.5-flash', 'none'],
    ['none', 'openai/gpt-oss-120b', undefined],
    ['none', 'gpt-5-mini', 'minimal'],
    ['none', 'o3', 'low'],
    ['none', 'gpt-5.1', 'none'],
    ['minimal', 'gpt-5.1', 'low'],
    ['max', 'gpt-5.1', 'high'],
    ['max', 'gpt-5.4', 'xhigh'],
    ['none', 'gpt-5.2-codex', 'low'],
    ['none', 'gpt-6', 'low'],
    ['low', 'gpt-5-pro', 'high'],
    ['low', 'ft:o4-mini:acme::x', 'low'],
    ['low', 'gpt-5-chat-latest', undefined],
    ['low', 'ft:gpt-4o-mini:acme::x', undefined],
    ['max', 'anthropic/claude-opus-4.7', 'max'],
    ['high', 'llama-3.3-70b', undefined],
  ];
  it.each(EFFORTS)('%s for %s is an effort that it knows', (effort, model, expected) => {
    const written = translated('messages', { output_config: { effort } }, 'chat', { model });
    expect(written.body.reasoning_effort).toBe(expected);
    expect(written.dropped).toEqual(expected === undefined ? ['output_config.effort'] : []);
  });

  /** [effort, model of responses, what it gets] */
  const RESPONSES: [string, string, JsonObject | undefined][] = [
    ['none', 'gpt-5', { effort: 'minimal' }],
    ['max', 'o3', { effort: 'high' }],
    ['none', 'grok-4', undefined],
    ['xhigh', 'grok-4', { effort: 'high' }],
    ['low', 'gpt-5.2-chat-latest', undefined],
  ];
  it.each(RESPONSES)('%s for %s of responses is an effort that it knows', (effort, model, expected) => {
    const written = translated('messages', { output_config: { effort } }, 'responses', { model });
    expect(written.body.reasoning).toEqual(expected);
    expect(written.dropped).toEqual(expected === undefined ? ['output_config.effort'] : []);
  });

  /** [model, effort, whether it takes temperature and `top_p`] */
  const SAMPLING: [string, string | undefined, boolean][] = [
    ['gpt-4.1', undefined, true],
    ['gpt-5-chat-latest', undefined, true],
    ['gpt-5.2', undefined, true],
    ['gpt-5.2', 'none', true],
    ['gpt-5.2', 'low', false],
    ['gpt-5-mini', undefined, false],
    ['gpt-5-mini', 'none', false],
    ['o3', undefined, false],
    ['qwen3', 'low', true],
  ];
  it.each(SAMPLING)('%s with the effort %s samples: %s', (model, effort, samples) => {
    const reasoning = effort === undefined ? {} : { reasoning: { effort } };
    for (const to of ['chat', 'responses'] as const) {
      const asked = { temperature: 0.2, top_p: 0.5, ...reasoning };
      const { body, dropped } = translated('responses', asked, to, { model });
      expect([body.temperature, body.top_p]).toEqual(samples ? [0.2, 0.5] : [undefined, undefined]);
      expect(dropped).toEqual(samples ? [] : ['temperature', 'top_p']);
      const usual = translated('responses', { temperature: 1, top_p: 1, ...reasoning }, to, { model });
      expect(usual.dropped).toEqual([]);
    }
  });

  it('refuses stop sequences for a model of OpenAI that takes none, or not so many', () => {
    const stops = (count: number, model: string) =>
      translated('messages', { stop_sequences: Array(count).fill('a') }, 'chat', { model }).body.stop;
    expect(() => stops(1, 'o3')).toThrow('"stop_sequences": this model takes no stop sequences; leave them out');
    expect(() => stops(5, 'gpt-4.1')).toThrow('"stop_sequences": this provider takes at most 4');
    expect(stops(4, 'gpt-4.1')).toHaveLength(4);
    expect(stops(5, 'qwen3')).toHaveLength(5);
  });

  /** [model, name or address of the server, where it gets reasoning as text, and where a call has lost it] */
  const REASONING: [string, string, string | undefined, string | undefined][] = [
    ['deepseek-chat', 'api.deepseek.com', 'reasoning_content', 'reasoning_content'],
    ['kimi-k2-thinking', 'api.moonshot.ai', 'reasoning_content', 'reasoning_content'],
    ['moonshotai/kimi-k2-instruct', 'api.moonshot.ai', 'reasoning_content', undefined],
    ['moonshotai/kimi-k2-instruct', 'api.groq.com', undefined, undefined],
    ['zai-glm-4.7', 'api.cerebras.ai', undefined, undefined],
    ['openai/gpt-oss-120b', 'vllm', 'reasoning', undefined],
    ['openai/gpt-oss-120b', 'gpu.test', undefined, undefined],
    ['deepseek/deepseek-v3.2', 'openrouter.ai', 'reasoning', 'reasoning'],
  ];
  it.each(REASONING)('%s at %s reads reasoning in %s', (model, server, field, lost) => {
    const said = (...before: JsonObject[]) => {
      const content = [...before, { type: 'tool_use', id: 'a', name: 'f', input: {} }];
      const { body } = translated('messages', { messages: [{ role: 'assistant', content }] }, 'chat', {
        model,
        server,
      });
      const { role, content: _, tool_calls, ...more } = (body.messages as [JsonObject])[0];
      return more;
    };
    expect(said({ type: 'thinking', thinking: 'Hm.' })).toEqual(field === undefined ? {} : { [field]: 'Hm.' });
    expect(said()).toEqual(lost === undefined ? {} : { [lost]: ' ' });
  });

  it('moves results of tools behind their calls', () => {
    const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });
    const result = (id: string) => ({ type: 'function_call_output', call_id: id, output: id });
    const said = (role: string) => ({ role, content: 'x' });
    const input = [result('z'), call('a'), call('b'), said('user'), result('b'), call('c'), said('developer')];
    const { body } = translated('responses', { input: [...input, result('a'), result('c'), said('user')] }, 'chat');
    const written = (body.messages as JsonObject[]).map(({ role, tool_call_id }) => tool_call_id ?? role);
    expect(written).toEqual(['z', 'assistant', 'b', 'a', 'user', 'assistant', 'c', 'system', 'user']);
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
    for (const model of ['gpt-4o', 'gpt-5-chat-latest', 'ft:gpt-4o-mini:acme::x', 'my-deployment'])
      expect(translated('chat', {}, 'responses', { model }).body.include).toBeUndefined();
    expect(
      translated('chat', { reasoning_effort: 'low' }, 'responses', { model: 'my-deployment' }).body.include,
    ).toBeDefined();
  });
});
