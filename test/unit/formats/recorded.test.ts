import { describe, expect, it } from 'vitest';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { FORMATS, formatOf, written } from './formats_under_test.ts';
import { dataOf, joined } from './scenarios.ts';

/** Shapes in which providers really send their answers, where they differ from their format's first author. */
function read(format: string, events: readonly (object | string)[]): StreamPart[] {
  const reader = formatOf(format).format.reader();
  const parts = events.flatMap((event) => reader.read(typeof event === 'string' ? event : JSON.stringify(event)));
  return joined([...parts, ...reader.end()]);
}

const delta = (piece: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: piece, finish_reason }],
});
const text = (said: string): StreamPart => ({ type: 'text', text: said });
const reasoning = (said: string): StreamPart => ({ type: 'reasoning', text: said });
const stop: StreamPart = { type: 'finish', reason: 'stop' };

it('DeepSeek reasons in a field of its own, and counts cached tokens in its own way', () => {
  const events = [
    delta({ role: 'assistant', content: null, reasoning_content: 'Hm' }),
    delta({ content: null, reasoning_content: '.' }),
    delta({ content: 'Yes', reasoning_content: null }),
    {
      ...delta({ content: '' }, 'stop'),
      usage: { prompt_tokens: 9, completion_tokens: 3, prompt_cache_hit_tokens: 8 },
    },
    '[DONE]',
  ];
  const usage: StreamPart = { type: 'usage', usage: { input: 9, output: 3, cachedInput: 8 } };
  expect(read('chat', events)).toEqual([reasoning('Hm.'), text('Yes'), usage, stop]);
});

it('vLLM calls that field "reasoning"', () => {
  const events = [delta({ reasoning: 'Hm' }), delta({ content: 'Yes' }), delta({}, 'stop'), '[DONE]'];
  expect(read('chat', events)).toEqual([reasoning('Hm'), text('Yes'), stop]);
});

it('Mistral sends its content as a list while it thinks', () => {
  const events = [
    delta({ role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }),
    delta({ content: [{ type: 'text', text: 'Yes' }] }),
    delta({ content: '!' }, 'stop'),
    '[DONE]',
  ];
  expect(read('chat', events)).toEqual([reasoning('Hm'), text('Yes!'), stop]);
});

it('OpenRouter says its reasoning twice, and once with a signature', () => {
  const events = [
    delta({ reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', text: 'Hm', format: 'x', index: 0 }] }),
    delta({ reasoning: null, reasoning_details: [{ type: 'reasoning.text', signature: 'c2ln', index: 0 }] }),
    delta({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'ZW5j', id: 'rs_7' }] }),
    delta({ content: 'Yes' }, 'stop'),
    '[DONE]',
  ];
  expect(read('chat', events)).toEqual([
    reasoning('Hm'),
    // The server wants an entry back as it gave it.
    {
      type: 'reasoning_seal',
      seal: { kind: 'detail', data: '{"type":"reasoning.text","signature":"c2ln","index":0}' },
    },
    { type: 'reasoning_seal', seal: { kind: 'encrypted', data: 'ZW5j', id: 'rs_7' } },
    text('Yes'),
    stop,
  ]);
});

it('an entry of OpenRouter goes through each format and back as it was', () => {
  const entry = { type: 'reasoning.text', text: 'Hm', signature: 'c2ln', format: 'anthropic-claude-v1', index: 0 };
  const parts = read('chat', [delta({ reasoning_details: [entry] }), delta({ content: 'Yes' }, 'stop'), '[DONE]']);
  for (const name of Object.keys(FORMATS)) {
    const reader = formatOf(name).format.reader();
    const back = dataOf(written(formatOf(name), parts)).flatMap((event) => reader.read(event));
    const [details] = dataOf(written(formatOf('chat'), back)).filter((event) => event.includes('reasoning_details'));
    expect(JSON.parse(details as string).choices[0].delta.reasoning_details).toEqual([entry]);
  }
});

it('a call that a server was made to make, or whose end it calls a stop, ends with the call', () => {
  expect(read('chat', [delta({ tool_calls: [call('a', 'f', '{}')] }, 'stop'), '[DONE]']).at(-1)).toEqual({
    type: 'finish',
    reason: 'tool_calls',
  });
});

it.each([
  [
    'messages',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}            }',
    'Hello',
  ],
  ['messages', '{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello"}}', undefined],
  ['messages', '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\nb"}}', undefined],
  ['messages', '{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"x"}}', undefined],
  [
    'responses',
    '{"type":"response.output_text.delta","content_index":0,"delta":"Hello","item_id":"msg_1","logprobs":[],"obfuscation":"x","output_index":0,"sequence_number":4}',
    'Hello',
  ],
  ['responses', '{"type":"response.output_text.delta","logprobs":[{"delta":"no"}],"delta":"yes"}', undefined],
  ['responses', '{"type":"response.refusal.delta","delta":"no"}', undefined],
])('the text of an event of %s is found without parsing it, where that is safe: %s', (name, event, plain) => {
  const reader = formatOf(name).format.reader();
  reader.read('{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}');
  expect(reader.plainText?.(event)).toBe(plain);
});

it('Anthropic refuses, and says why beside the answer', () => {
  const details = { type: 'refusal', category: 'cyber', explanation: 'It is not allowed.' };
  const ending = { stop_reason: 'refusal', stop_details: details };
  const parts = [
    { type: 'refusal', text: 'It is not allowed.' },
    { type: 'finish', reason: 'refusal' },
  ];
  expect(read('messages', [{ type: 'message_delta', delta: ending }, { type: 'message_stop' }])).toEqual(parts);
  expect(formatOf('messages').format.readAnswer({ content: [], ...ending })).toEqual(parts);
});

it('a server of responses that sends a message and its reasoning only whole', () => {
  const events = [
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }] },
    },
    {
      type: 'response.output_item.done',
      output_index: 1,
      item: { type: 'message', content: [{ type: 'output_text', text: 'Yes' }] },
    },
    { type: 'response.completed', response: { status: 'completed' } },
  ];
  expect(read('responses', events)).toEqual([reasoning('Hm'), text('Yes'), stop]);
});

describe('tool calls that come one after the other', () => {
  const parts: StreamPart[] = [
    { type: 'tool_call', index: 0, id: 'a', name: 'f' },
    { type: 'tool_arguments', index: 0, json: '{"x":' },
    { type: 'tool_arguments', index: 0, json: '1}' },
    { type: 'tool_call', index: 1, id: 'b', name: 'g' },
  ];
  it.each([
    ['messages', '"type":"content_block_stop","index":0', '"content_block_start","index":1'],
    [
      'responses',
      '"type":"response.output_item.done","output_index":0',
      '"response.output_item.added","output_index":1',
    ],
  ])('each end in %s before the next begins, so that clients may act on them', (name, end, next) => {
    const events = written(formatOf(name), parts);
    expect(events.indexOf(end)).toBeGreaterThan(0);
    expect(events.indexOf(next)).toBeGreaterThan(events.indexOf(end));
  });
});

const calls: StreamPart[] = [
  { type: 'tool_call', index: 0, id: 'a', name: 'f' },
  { type: 'tool_arguments', index: 0, json: '{"x":1}' },
  { type: 'tool_call', index: 1, id: 'b', name: 'g' },
  { type: 'tool_arguments', index: 1, json: '{"y":2}' },
  { type: 'finish', reason: 'tool_calls' },
];
const call = (id: string, name: string, args: unknown, index?: number) => ({
  ...(index === undefined ? {} : { index }),
  id,
  type: 'function',
  function: { name, arguments: args },
});

it.each([
  [
    'OpenAI, in pieces',
    [
      delta({ tool_calls: [call('a', 'f', '', 0)] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      delta({ tool_calls: [call('b', 'g', '', 1)] }),
      delta({ tool_calls: [{ index: 1, function: { arguments: '{"y":2}' } }] }),
      delta({}, 'tool_calls'),
    ],
  ],
  [
    'Gemini, whole and without numbers',
    [delta({ tool_calls: [call('a', 'f', '{"x":1}'), call('b', 'g', '{"y":2}')] }, 'tool_calls')],
  ],
  [
    'a server that gives all calls the same number',
    [
      delta({ tool_calls: [call('a', 'f', '{"x":1}', 0)] }),
      delta({ tool_calls: [call('b', 'g', '{"y":2}', 0)] }, 'tool_calls'),
    ],
  ],
  [
    'a server that sends arguments as objects',
    [delta({ tool_calls: [call('a', 'f', { x: 1 }, 0), call('b', 'g', { y: 2 }, 1)] }, 'tool_calls')],
  ],
])('tool calls of %s', (_, events) => {
  expect(read('chat', [...events, '[DONE]'])).toEqual(calls);
});

it('a server that sends no [DONE] has ended with its finish reason, and only with it', () => {
  expect(read('chat', [delta({ content: 'Yes' }, 'stop')])).toEqual([text('Yes'), stop]);
  expect(read('chat', [delta({ content: 'Ye' })]).at(-1)).toMatchObject({ error: { code: 'upstream_truncated' } });
});

it('Anthropic thinks, uses tools of its own, pings, and says its counts in two parts', () => {
  const events = [
    { type: 'message_start', message: { usage: { input_tokens: 5, cache_read_input_tokens: 90, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'ping' },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'server_tool_use', id: 's', name: 'web', input: {} },
    },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"q":1}' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't', name: 'now', input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '' } },
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 12 } },
    { type: 'message_stop' },
  ];
  expect(read('messages', events)).toEqual([
    reasoning('Hm'),
    { type: 'reasoning_seal', seal: { kind: 'signature', data: 'c2ln' } },
    { type: 'tool_call', index: 0, id: 't', name: 'now' },
    { type: 'tool_arguments', index: 0, json: '{}' },
    { type: 'usage', usage: { input: 95, output: 12, cachedInput: 90 } },
    { type: 'finish', reason: 'tool_calls' },
  ]);
});

it('a server of responses that sends arguments only whole, and summaries in paragraphs', () => {
  const events = [
    { type: 'response.created', response: { id: 'resp_1' } },
    { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } },
    { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 0 },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, delta: 'One', obfuscation: 'xx' },
    { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 1 },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, delta: 'Two' },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'reasoning', id: 'rs_1', encrypted_content: 'ZW5j' },
    },
    {
      type: 'response.output_item.added',
      output_index: 1,
      item: { type: 'function_call', call_id: 'a', name: 'f', arguments: '' },
    },
    {
      type: 'response.output_item.done',
      output_index: 1,
      item: { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
    },
    { type: 'response.completed', response: { status: 'completed', usage: { input_tokens: 3, output_tokens: 4 } } },
  ];
  expect(read('responses', events)).toEqual([
    reasoning('One\n\nTwo'),
    { type: 'reasoning_seal', seal: { kind: 'encrypted', data: 'ZW5j', id: 'rs_1' } },
    { type: 'tool_call', index: 0, id: 'a', name: 'f' },
    { type: 'tool_arguments', index: 0, json: '{"x":1}' },
    { type: 'usage', usage: { input: 3, output: 4 } },
    { type: 'finish', reason: 'tool_calls' },
  ]);
});

it.each([
  ['chat', [delta({}, 'constructor'), '[DONE]'], 'other'],
  ['messages', [{ type: 'message_delta', delta: { stop_reason: 'constructor' } }, { type: 'message_stop' }], 'other'],
  [
    'responses',
    [
      {
        type: 'response.incomplete',
        response: { status: 'incomplete', incomplete_details: { reason: 'constructor' } },
      },
    ],
    'length',
  ],
])('a reason to end that %s does not have', (format, events, reason) => {
  expect(read(format, events)).toEqual([{ type: 'finish', reason }]);
});

it.each([
  ['chat', { error: { message: 'busy', type: 'overloaded_error' } }, 'upstream_rate_limited'],
  ['chat', { error: 'broken' }, 'upstream_error'],
  ['chat', { choices: null }, 'upstream_protocol'],
  ['chat', delta({ content: { a: 1 } }), 'upstream_protocol'],
  ['messages', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'upstream_rate_limited'],
  [
    'responses',
    { type: 'response.failed', response: { error: { code: 'server_error', message: 'x' } } },
    'upstream_error',
  ],
  ['responses', { type: 'response.output_text.delta', delta: null }, 'upstream_protocol'],
])('an error in mid-stream of %s: %j', (format, event, code) => {
  expect(read(format, [event])).toMatchObject([{ type: 'error', error: { code } }]);
});
