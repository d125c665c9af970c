import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { translated } from './translate.ts';

const OLD = { model: 'claude-sonnet-4-5-20250929' };
const NEW = { model: 'claude-opus-4-7' };
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
const messages = (more: JsonObject, to = OLD) => translated('chat', more, 'messages', to);
const said = (...all: [string, string][]) => ({ messages: all.map(([role, content]) => ({ role, content })) });
const types = (body: JsonObject) =>
  (body.messages as { role: string; content: JsonObject[] }[]).map(({ role, content }) => [
    role,
    ...content.map(({ type }) => type),
  ]);

describe('turns of messages', () => {
  it('alternate, and begin with the user', () => {
    const { body } = messages(said(['assistant', 'Welcome'], ['user', 'a'], ['user', 'b']));
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: '.' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Welcome' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ]);
  });

  it('hold no empty text, and no white space at the end of what is to be gone on with', () => {
    const { body } = messages(said(['user', 'a'], ['assistant', ' '], ['user', ''], ['assistant', 'It is ']));
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'It is' }] },
    ]);
  });

  it('end with the user where the model does not go on with what it said', () => {
    const more = said(['user', 'a'], ['assistant', 'b']);
    expect(types(messages(more).body).at(-1)).toEqual(['assistant', 'text']);
    for (const model of ['claude-sonnet-4-6', 'claude-opus-5']) {
      const { body } = messages(more, { model });
      expect((body.messages as unknown[]).at(-1)).toEqual({ role: 'user', content: [{ type: 'text', text: '.' }] });
    }
  });

  it('end with no reasoning, even if white space follows it', () => {
    const reasoning_details = [{ type: 'reasoning.text', text: 'Hm.', signature: 's' }];
    const all = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: ' ', reasoning_details },
      { role: 'user', content: 'b' },
    ];
    expect(types(messages({ messages: all }).body)).toEqual([['user', 'text', 'text']]);
  });

  it('have all that the system says before them, wherever it said it', () => {
    const { body } = messages(said(['system', 'a'], ['user', 'b'], ['developer', 'c']));
    expect(body.system).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'c' },
    ]);
    expect(types(body)).toEqual([['user', 'text']]);
  });

  it('have results of tools first, with ids of the characters that are allowed', () => {
    const all = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null, tool_calls: [{ ...call, id: 'call:1' }] },
      { role: 'user', content: 'b' },
      { role: 'tool', tool_call_id: 'call:1', content: 'done' },
    ];
    const { body } = messages({ messages: all, tools: [tool] });
    expect(types(body)).toEqual([
      ['user', 'text'],
      ['assistant', 'tool_use'],
      ['user', 'tool_result', 'text'],
    ]);
    expect(JSON.stringify(body)).toContain('"id":"call_1"');
    expect(JSON.stringify(body)).toContain('"tool_use_id":"call_1"');
  });

  it('with calls have tools, though the client has none any more', () => {
    const all = [
      { role: 'user', content: 'a' },
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    const { body } = messages({ messages: all });
    expect(body).toMatchObject({
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      tool_choice: { type: 'none' },
    });
  });

  it('have arguments that are no JSON as an object', () => {
    const broken = { ...call, function: { name: 'f', arguments: '{"a' } };
    const { body } = messages({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', tool_calls: [broken] },
      ],
    });
    expect(body.messages).toMatchObject([{}, { content: [{ input: { _invalid_json: '{"a' } }] }]);
  });
});

describe('the limit of tokens', () => {
  it.each([
    [{ max_tokens: 5 }, undefined, 5],
    [{}, 64_000, 64_000],
    [{}, undefined, 8192],
  ])('%j with a maximum of %s is %s', (more, maxTokens, limit) => {
    const { body } = translated('chat', more, 'messages', { ...OLD, ...(maxTokens ? { maxTokens } : {}) });
    expect(body.max_tokens).toBe(limit);
  });
});

describe('thinking', () => {
  /** [what is asked, model, thinking, effort, what is dropped] */
  const CASES: [JsonObject, { model: string }, unknown, unknown, string[]][] = [
    [{}, OLD, undefined, undefined, []],
    [{ reasoning_effort: 'none' }, OLD, undefined, undefined, []],
    [{ reasoning_effort: 'none' }, { model: 'kimi-k3' }, { type: 'disabled' }, undefined, []],
    [{ reasoning_effort: 'medium', max_tokens: 10_000 }, OLD, { type: 'enabled', budget_tokens: 5000 }, undefined, []],
    [{ reasoning_effort: 'minimal', max_tokens: 5000 }, OLD, { type: 'enabled', budget_tokens: 1024 }, undefined, []],
    [
      { reasoning: { max_tokens: 9000 }, max_tokens: 4000 },
      OLD,
      { type: 'enabled', budget_tokens: 3999 },
      undefined,
      [],
    ],
    [{ reasoning_effort: 'low', max_tokens: 1000 }, OLD, undefined, undefined, ['reasoning_effort']],
    [{ reasoning_effort: 'minimal' }, NEW, { type: 'adaptive', display: 'summarized' }, 'low', []],
    [{ reasoning_effort: 'xhigh' }, NEW, { type: 'adaptive', display: 'summarized' }, 'xhigh', []],
    [
      { reasoning_effort: 'xhigh' },
      { model: 'claude-sonnet-4-6' },
      { type: 'adaptive', display: 'summarized' },
      'high',
      [],
    ],
    [{ reasoning: { max_tokens: 9000, exclude: true } }, NEW, { type: 'adaptive', display: 'omitted' }, 'medium', []],
    [
      { thinking: { type: 'enabled' } },
      { model: 'claude-sonnet-5' },
      { type: 'adaptive', display: 'summarized' },
      undefined,
      [],
    ],
    // A forced tool and thinking exclude each other; the tool is worth more.
    [
      { reasoning_effort: 'low', tools: [tool], tool_choice: 'required' },
      OLD,
      undefined,
      undefined,
      ['reasoning_effort'],
    ],
    [{ reasoning_effort: 'low', tools: [tool], tool_choice: 'required' }, NEW, undefined, 'low', ['reasoning_effort']],
  ];
  it.each(CASES)('%j for %j', (more, to, thinking, effort, dropped) => {
    const written = messages(more, to);
    expect(written.body.thinking).toEqual(thinking);
    expect((written.body.output_config as JsonObject | undefined)?.effort).toEqual(effort);
    expect(written.dropped).toEqual(dropped);
  });

  const forced = { tools: [tool], tool_choice: 'required' };
  /** [what is asked, model, thinking, what is dropped]: models that think by themselves */
  const THINKERS: [JsonObject, string, unknown, string[]][] = [
    [{}, 'claude-opus-5', undefined, []],
    [{ reasoning_effort: 'none' }, 'claude-opus-5', { type: 'disabled' }, []],
    [{ reasoning_effort: 'none' }, 'anthropic/claude-sonnet-5', { type: 'disabled' }, []],
    [{ reasoning_effort: 'none' }, 'claude-haiku-5-5', { type: 'disabled' }, []],
    [{ reasoning_effort: 'none' }, 'claude-sonnet-5-5', { type: 'between_tools' }, []],
    [{ reasoning_effort: 'none' }, 'claude-opus-5-5', undefined, ['reasoning_effort']],
    [{ reasoning_effort: 'none' }, 'claude-fable-5', undefined, ['reasoning_effort']],
    [{ reasoning_effort: 'none' }, 'claude-opus-4-8', undefined, []],
    [forced, 'claude-opus-5', { type: 'disabled' }, []],
    [forced, 'claude-opus-4-8', undefined, []],
    [{ ...forced, reasoning_effort: 'max' }, 'claude-sonnet-5', { type: 'disabled' }, ['reasoning_effort']],
    [{ ...forced, reasoning_effort: 'none' }, 'claude-sonnet-5', { type: 'disabled' }, []],
  ];
  it.each(THINKERS)('%j for %s', (more, model, thinking, dropped) => {
    const written = messages(more, { model });
    expect(written.body.thinking).toEqual(thinking);
    expect(written.body.output_config).toBeUndefined();
    expect(written.dropped).toEqual(dropped);
  });

  it.each(['claude-fable-5-1', 'claude-opus-5-5', 'claude-sonnet-5-5'])('of %s allows no forced tool', (model) => {
    expect(() => messages(forced, { model })).toThrow('"tool_choice": this model always thinks');
  });

  it('with a budget needs thinking in a last turn of the assistant', () => {
    const more = { reasoning_effort: 'high', ...said(['user', 'a'], ['assistant', '{"']) };
    expect(messages(more)).toMatchObject({ dropped: ['reasoning_effort'] });
    expect(messages(more).body.thinking).toBeUndefined();
    expect(messages(more, NEW)).toMatchObject({ dropped: [], body: { thinking: { type: 'adaptive' } } });
  });

  const loop = (assistant: JsonObject) => ({
    reasoning_effort: 'high',
    tools: [tool],
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null, tool_calls: [call], ...assistant },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ],
  });
  const sealed = { reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', signature: 's' }] };

  it('with a budget is left out in a tool loop whose thinking the client has lost', () => {
    const lost = messages(loop({ reasoning_content: 'Hm.' }));
    expect(lost.body.thinking).toBeUndefined();
    expect(lost.dropped).toEqual(['reasoning_effort']);
    expect(types(lost.body)).toEqual([
      ['user', 'text'],
      ['assistant', 'tool_use'],
      ['user', 'tool_result'],
    ]);
    const kept = messages(loop(sealed));
    expect(kept.body.thinking).toMatchObject({ type: 'enabled' });
    expect(kept.dropped).toEqual([]);
    expect(types(kept.body)[1]).toEqual(['assistant', 'thinking', 'tool_use']);
  });

  it('of a model that decides itself needs none of that', () => {
    expect(messages(loop({}), NEW).body.thinking).toMatchObject({ type: 'adaptive' });
  });
});

describe('sampling', () => {
  /** [what is asked, model, what is written, what is dropped] */
  const CASES: [JsonObject, { model: string }, JsonObject, string[]][] = [
    [{ temperature: 0.2, top_k: 5 }, OLD, { temperature: 0.2, top_k: 5 }, []],
    [{ temperature: 0.2, top_p: 0.5 }, OLD, { temperature: 0.2 }, ['top_p']],
    [{ temperature: 0.2, top_p: 0.5 }, { model: 'claude-3-7-sonnet-20250219' }, { temperature: 0.2, top_p: 0.5 }, []],
    [{ temperature: 1, top_p: 1 }, NEW, {}, []],
    [{ temperature: 0.2, top_p: 0.5, top_k: 5 }, NEW, {}, ['temperature', 'top_p', 'top_k']],
    [{ temperature: 0.2, reasoning_effort: 'low' }, OLD, {}, ['temperature']],
  ];
  it.each(CASES)('%j for %j', (more, to, expected, dropped) => {
    const written = messages(more, to);
    const { temperature, top_p, top_k } = written.body;
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected);
    expect(written.dropped).toEqual(dropped);
  });
});

describe('marks for the cache', () => {
  const marked = (count: number) => ({
    messages: [
      {
        role: 'user',
        content: Array.from({ length: count }, () => ({
          type: 'text',
          text: 'a',
          cache_control: { type: 'ephemeral' },
        })),
      },
    ],
  });
  const marks = (body: JsonObject) => JSON.stringify(body).split('cache_control').length - 1;

  it('are four at most: the last ones', () => {
    expect(messages(marked(3))).toMatchObject({ dropped: [] });
    const { body, dropped } = messages(marked(6));
    expect(marks(body)).toBe(4);
    expect(dropped).toEqual(['cache_control']);
  });

  it('on a whole message stand at its end, or are named', () => {
    const more = {
      messages: [
        { role: 'system', content: 'S', cache_control: { type: 'ephemeral' } },
        { role: 'user', content: 'a' },
      ],
    };
    expect(messages(more).body.system).toEqual([{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }]);
    expect(translated('chat', more, 'responses')).toMatchObject({ dropped: ['cache_control'] });
  });

  it('are made where the client gives a key for its cache, and no marks', () => {
    const more = { prompt_cache_key: 'k', ...said(['system', 'a'], ['user', 'b']) };
    expect(marks(messages(more).body)).toBe(2);
    expect(marks(messages({ ...more, ...marked(1) }).body)).toBe(1);
    expect(messages(more, { model: 'kimi-k3' })).toMatchObject({ dropped: ['prompt_cache_key'] });
  });

  it('go to Claude wherever it is, and to no other model', () => {
    const body = {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }] }],
    };
    expect(marks(translated('messages', body, 'chat', { model: 'anthropic/claude-sonnet-4.5' }).body)).toBe(1);
    expect(translated('messages', body, 'chat')).toMatchObject({ dropped: ['cache_control'] });
    expect(translated('messages', body, 'responses')).toMatchObject({ dropped: ['cache_control'] });
  });
});

it('takes schemas for answers that leave nothing open; rules that it has not become words', () => {
  const schema = {
    type: 'object',
    properties: {
      age: { type: 'integer', minimum: 0, description: 'In years.' },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 2 },
      properties: { type: 'string', enum: ['minimum'] },
    },
    $defs: { tag: { type: 'object', properties: {} } },
  };
  const { body } = messages({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } });
  expect((body.output_config as { format: JsonObject }).format.schema).toEqual({
    type: 'object',
    properties: {
      age: { type: 'integer', description: 'In years.\n(minimum: 0)' },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, description: '(minItems: 2)' },
      properties: { type: 'string', enum: ['minimum'] },
    },
    $defs: { tag: { type: 'object', properties: {}, additionalProperties: false } },
    additionalProperties: false,
  });
});

describe('a schema for the answer of a Claude that has none', () => {
  const model = 'claude-3-7-sonnet-20250219';
  const schema = { type: 'object', description: 'A city.', properties: { age: { type: 'integer', minimum: 0 } } };
  const asked = (more: JsonObject = {}, output: JsonObject = schema) => {
    const json_schema = { name: 'x', schema: output, strict: true };
    return messages({ response_format: { type: 'json_schema', json_schema }, ...more }, { model });
  };
  const answer = { name: 'weir_json_answer', description: 'A city.', input_schema: schema };
  const tool = { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } };
  const forced = { type: 'tool', name: 'weir_json_answer', disable_parallel_tool_use: true };

  it('is a tool that it has to call, without thinking', () => {
    const { body, dropped, answerTool } = asked({ reasoning_effort: 'high' });
    expect(body).toMatchObject({ tools: [answer], tool_choice: forced });
    expect(body).not.toHaveProperty('thinking');
    expect(body).not.toHaveProperty('output_config');
    expect(dropped.toSorted()).toEqual(['reasoning_effort', 'response_format.strict']);
    expect(answerTool).toBe('weir_json_answer');
  });

  it('stands beside tools of the client that are not to be called', () => {
    const now = { name: 'now', input_schema: { type: 'object', properties: {} } };
    expect(asked({ tools: [tool], tool_choice: 'none' }).body).toMatchObject({
      tools: [now, answer],
      tool_choice: forced,
    });
  });

  it.each<[string, JsonObject, JsonObject?]>([
    ['where the model may call tools of the client', { tools: [tool] }],
    ['beside a tool of that name', { tools: [{ ...tool, function: { name: answer.name } }], tool_choice: 'none' }],
    ['that is no object', {}, { type: 'array', items: schema }],
    ['with a choice at its top', {}, { ...schema, anyOf: [{ required: ['age'] }] }],
  ])('is refused %s', (_, more, output) => {
    expect(() => asked(more, output)).toThrow('"response_format": this model has no schemas for answers');
  });

  it('is no tool where the model has schemas', () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    expect(messages({ response_format })).not.toHaveProperty('answerTool');
  });
});
