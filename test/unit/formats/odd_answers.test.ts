import { describe, expect, it } from 'vitest';
import { ChatEvents } from '../../../src/formats/chat/chat_events.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import { ResponsesEvents } from '../../../src/formats/responses/responses_events.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';

/** What some providers send that their format does not say. */

const HEAD = { id: '1', created: 1, model: 'm', body: { instructions: 'Answer from this data: 1' } };
const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  JSON.stringify({ choices: [{ index: 0, delta, logprobs: null, finish_reason, ...more }] });
const chat = (events: readonly string[]) => read(chatFormat.reader(), events);
const responses = (events: readonly object[]) =>
  read(
    responsesFormat.reader(),
    events.map((event) => JSON.stringify(event)),
  );
const called = (parts: readonly StreamPart[]) => parts.filter((part) => part.type === 'tool_call');
const call = (more: object, name = 'f', json = '{}') => ({ index: 0, ...more, function: { name, arguments: json } });

function read(reader: ReturnType<typeof chatFormat.reader>, events: readonly string[]): StreamPart[] {
  return [...events.flatMap((data) => reader.read(data)), ...reader.end()];
}

it('a whole response is written, whatever its text and its instructions say', () => {
  const text = 'here is the data: 1,\n\ndata: 2';
  const body = responsesFormat.writeAnswer(HEAD, [
    { type: 'text', text },
    { type: 'finish', reason: 'stop' },
  ]);
  expect(responsesFormat.readAnswer(body)[0]).toEqual({ type: 'text', text });
});

describe('an answer that its provider broke off', () => {
  const failed = { type: 'error', error: { code: 'upstream_error' } };

  it.each(['error', 'insufficient_system_resource', 'abort', 'aborted'])('with %s is an error', (word) => {
    const parts = chat([chunk({ content: 'half' }), chunk({}, word), '[DONE]']);
    expect(parts).toMatchObject([{ type: 'text' }, failed]);
    const choices = [{ index: 0, message: { content: 'half' }, finish_reason: word }];
    expect(chatFormat.readAnswer({ choices }).at(-1)).toMatchObject(failed);
  });

  it('and said why in its choice has that reason', () => {
    const more = { error: { code: 429, message: 'Upstream is busy' } };
    const limited = { error: { code: 'upstream_rate_limited', details: { reason: 'Upstream is busy' } } };
    expect(chat([chunk({}, 'error', more)]).at(-1)).toMatchObject(limited);
    const choices = [{ message: { content: '' }, finish_reason: 'error', ...more }];
    expect(chatFormat.readAnswer({ choices }).at(-1)).toMatchObject(limited);
  });

  it('passes a relay of its bytes to the end, and has failed there', () => {
    const events = new ChatEvents();
    const sights = [chunk({ content: 'half' }), chunk({}, 'error'), '[DONE]'].map((data) => events.read(data));
    expect(sights).toEqual(['piece', 'none', 'error']);
    expect(events.complete).toBe(false);
  });

  it.each(['failed', 'cancelled'])('with the status %s is an error, also where it names none', (status) => {
    expect(responsesFormat.readAnswer({ status, error: null, output: [] })).toMatchObject([failed]);
    const last = { type: 'response.completed', response: { status, error: null } };
    expect(responses([last])).toMatchObject([failed]);
    expect(new ResponsesEvents().read(JSON.stringify(last))).toBe('error');
  });
});

it('an answer that the length of the model ended is cut off, and has not failed', () => {
  expect(chat([chunk({}, 'model_length')])).toEqual([{ type: 'finish', reason: 'length' }]);
});

it('an incomplete response is known by its last event alone', () => {
  const last = { type: 'response.incomplete', response: { id: 'r' } };
  expect(responses([last])).toEqual([{ type: 'finish', reason: 'length' }]);
});

it.each([
  ['reasoning', { reasoning: ' thought' }, { type: 'reasoning', text: ' thought' }],
  ['reasoning', { reasoning_content: ' thought' }, { type: 'reasoning', text: ' thought' }],
  ['a refusal', { refusal: 'no' }, { type: 'refusal', text: 'no' }],
])('a piece with text and %s says both', (_, more, part) => {
  const data = chunk({ content: 'Hello', ...more });
  expect(chatFormat.reader().plainText?.(data)).toBeUndefined();
  const parts = chatFormat.reader().read(data);
  expect(parts).toHaveLength(2);
  expect(parts).toContainEqual(part);
});

describe('tool calls', () => {
  it.each(['', '0', 'call_0'])('with the id "%s" have one of their own in each answer', (id) => {
    const ids = [1, 2].flatMap(() => {
      const pieces = [call({ id }), { index: 0, id, function: { arguments: ' ' } }];
      return called(chat([...pieces.map((piece) => chunk({ tool_calls: [piece] })), '[DONE]'])).map(({ id }) => id);
    });
    expect(ids).toHaveLength(2);
    expect(new Set([...ids, id]).size).toBe(3);
  });

  it('of one index, without ids and with different names, are two', () => {
    const tool_calls = [call({ id: '' }, 'a', '{"x":1}'), call({}, 'b', '{"y":2}')];
    const parts = chat([chunk({ tool_calls }), chunk({ tool_calls: [call({}, 'b', ' ')] }), '[DONE]']);
    expect(called(parts).map(({ name }) => name)).toEqual(['a', 'b']);
    const json = (index: number) =>
      parts.flatMap((part) => (part.type === 'tool_arguments' && part.index === index ? part.json : [])).join('');
    expect([json(0), json(1)]).toEqual(['{"x":1}', '{"y":2} ']);
  });

  it('of a response whose events have no output index keep their arguments', () => {
    const item = (call_id: string, json: string) => ({ type: 'function_call', call_id, name: 'f', arguments: json });
    const parts = responses([
      { type: 'response.output_item.added', item: item('a1', '') },
      { type: 'response.function_call_arguments.delta', delta: '{"x":1}' },
      { type: 'response.output_item.done', item: item('a1', '{"x":1}') },
      { type: 'response.output_item.added', item: item('a2', '') },
      { type: 'response.output_item.done', item: item('a2', '{"yy":2222}') },
      { type: 'response.output_item.done', item: item('a3', '{"z":3}') },
    ]);
    expect(parts.flatMap((part) => (part.type === 'tool_arguments' ? [[part.index, part.json]] : []))).toEqual([
      [0, '{"x":1}'],
      [1, '{"yy":2222}'],
      [2, '{"z":3}'],
    ]);
  });
});

it.each([
  ['with text in pieces', true, false],
  ['with citations in pieces', false, true],
])('a message of responses %s has its citations once', (_, said, cited) => {
  const annotation = { type: 'url_citation', url: 'https://a.example', title: 'A' };
  const content = [{ type: 'output_text', text: 'Hi', annotations: [annotation] }];
  const parts = responses([
    ...(said ? [{ type: 'response.output_text.delta', delta: 'Hi' }] : []),
    ...(cited ? [{ type: 'response.output_text.annotation.added', annotation }] : []),
    { type: 'response.output_item.done', output_index: 0, item: { type: 'message', content } },
  ]);
  expect(parts.filter(({ type }) => type === 'citation')).toHaveLength(1);
  expect(parts.filter(({ type }) => type === 'text')).toHaveLength(1);
});

it('reasoning that xAI counts beside the output is part of the output', () => {
  const usage = { prompt_tokens: 32, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 94 } };
  expect(chatFormat.usageOf({ ...usage, total_tokens: 135 })).toEqual({ input: 32, output: 103, reasoning: 94 });
  expect(chatFormat.usageOf({ ...usage, completion_tokens: 103, total_tokens: 135 })).toMatchObject({ output: 103 });
});

it.each([
  { type: 'error', error: { type: 'tokens', code: 'rate_limit_exceeded', message: 'm' } },
  { type: 'error', error: { type: 'requests', code: 'rate_limit_exceeded', message: 'm' } },
  { type: 'error', code: 'rate_limit_exceeded', message: 'm', param: null },
  { type: 'response.failed', response: { error: { code: 'rate_limit_exceeded', message: 'm' } } },
])('a limit of the rate is known by its code: %j', (event) => {
  expect(responses([event])).toMatchObject([{ error: { code: 'upstream_rate_limited' } }]);
});
