import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { translated } from './translate.ts';

const OLD = { model: 'claude-sonnet-4-5-20250929' };
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
