import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import type { StreamPart } from '../../../../src/formats/stream_part.ts';
import { FORMATS, translated } from './translate.ts';

/** What tools of chat completions were called before, and some clients still call them. */
const weather = { name: 'weather', description: 'Of a place.', parameters: { type: 'object', properties: {} } };
const asked = {
  functions: [weather],
  function_call: { name: 'weather' },
  messages: [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, function_call: { name: 'weather', arguments: '{"at":1}' } },
    { role: 'function', name: 'weather', content: 'Rain.' },
  ],
};

describe('functions of chat completions', () => {
  it('are tools of Anthropic, with their calls and results', () => {
    const { body, dropped } = translated('chat', asked, 'messages');
    expect(dropped).toEqual([]);
    expect(body).toMatchObject({
      tools: [{ name: 'weather', description: 'Of a place.' }],
      tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
      messages: [
        { role: 'user' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'function_1', name: 'weather', input: { at: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'function_1' }] },
      ],
    });
  });

  it('are functions of OpenAI’s responses', () => {
    expect(translated('chat', asked, 'responses').body).toMatchObject({
      tools: [{ type: 'function', name: 'weather' }],
      parallel_tool_calls: false,
      input: [
        { role: 'user' },
        { type: 'function_call', call_id: 'function_1', name: 'weather', arguments: '{"at":1}' },
        { type: 'function_call_output', call_id: 'function_1', output: 'Rain.' },
      ],
    });
  });

  const parts: StreamPart[] = [
    { type: 'tool_call', index: 0, id: 'toolu_1', name: 'weather' },
    { type: 'tool_arguments', index: 0, json: '{"at":' },
    { type: 'tool_arguments', index: 0, json: '2}' },
    { type: 'finish', reason: 'tool_calls' },
  ];
  const head = (body: JsonObject) => ({ id: '1', created: 1, model: 'm', body });
  const call = { name: 'weather', arguments: '{"at":2}' };

  it('are called by their older name, whole', () => {
    expect(FORMATS.chat.writeAnswer(head(asked), parts)).toMatchObject({
      choices: [{ message: { content: null, function_call: call }, finish_reason: 'function_call' }],
    });
  });

  it('are called by their older name, in pieces', () => {
    const writer = FORMATS.chat.writer(head(asked));
    const events = parts.map((part) => writer.write(part)).join('');
    expect(events).not.toContain('tool_calls');
    const deltas = [...events.matchAll(/"delta":(.*),"finish_reason":(.*?)}]/g)].map(([, delta, reason]) => [
      JSON.parse(delta as string).function_call,
      reason,
    ]);
    expect(deltas).toEqual([
      [{ name: 'weather', arguments: '' }, 'null'],
      [{ arguments: '{"at":' }, 'null'],
      [{ arguments: '2}' }, 'null'],
      [undefined, '"function_call"'],
    ]);
  });

  it('are tools where the client knows both names', () => {
    const tools = [{ type: 'function', function: weather }];
    expect(JSON.stringify(FORMATS.chat.writeAnswer(head({ ...asked, tools }), parts))).toContain('tool_calls');
  });
});
