import { describe, expect, it } from 'vitest';
import { StreamCheck } from '../../../packages/client/src/stream_check.ts';

const event = (name: string, id: string, data: unknown) => ({ event: name, id, data: JSON.stringify(data) });
const status = event('status', '1.0', { status: 'validated' });
const chunk = (index: number, content = 'a') =>
  event('chunk', `1.${index}`, { content, chunk_index: index, finish_reason: null });
const complete = (seq: number, chunks: number, length: number) =>
  event('complete', `1.${seq}`, { chunk_count: chunks, total_length: length, sha256: '' });
const done = (id: string) => ({ event: 'message', id, data: '[DONE]' });

function feed(...events: { event: string; id: string; data: string }[]): StreamCheck {
  const check = new StreamCheck();
  for (const one of events) check.take(one);
  return check;
}

describe('StreamCheck', () => {
  it('takes a whole answer and counts code points', () => {
    const check = feed(status, chunk(1, 'é'), chunk(2, '👩‍👩‍👧'), complete(3, 2, 6), done('1.3'));
    expect(check.end()).toBe(true);
    expect(check.text).toBe('é👩‍👩‍👧');
    expect(check.chunks).toBe(2);
  });

  it('counts a character that two chunks share once', () => {
    expect(feed(status, chunk(1, '\ud83c'), chunk(2, '\udf09'), complete(3, 2, 1), done('1.3')).end()).toBe(true);
  });

  it('takes an error as the end, before and after text', () => {
    const error = (seq: number) => event('error', `1.${seq}`, { error: 'upstream_error' });
    expect(feed(status, chunk(1), error(2)).end()).toBe(true);
    expect(feed(status, error(1)).error?.error).toBe('upstream_error');
  });

  it('sees the lack of a terminal', () => {
    expect(new StreamCheck().end()).toBe(false);
    expect(feed(status, chunk(1)).end()).toBe(false);
  });

  it('passes notices on and names that it does not know over', () => {
    const check = feed(status, chunk(1));
    expect(check.take({ event: 'notice', id: '1.1', data: '{"kind":"new"}' })?.type).toBe('notice');
    expect(check.take({ event: 'later', id: '1.2', data: 'anything' })).toBeUndefined();
    expect(check.take({ event: 'chunk', id: '1.3', data: '{"content":"b","chunk_index":2}' })?.type).toBe('chunk');
  });

  it('numbers reasoning and tool calls with the chunks, and counts only chunks', () => {
    const reasoning = event('reasoning', '1.1', { content: 'Hm.' });
    const call = event('tool_call', '1.3', { index: 0, id: 'call_1', name: 'search', arguments: '' });
    const piece = event('tool_call', '1.4', { index: 0, arguments: '{}' });
    const text = event('chunk', '1.2', { content: 'a', chunk_index: 1 });
    const check = feed(status, reasoning, text);
    expect([call, piece].map((each) => check.take(each)?.type)).toEqual(['tool_call', 'tool_call']);
    check.take(complete(5, 1, 1));
    check.take(done('1.5'));
    expect([check.end(), check.text, check.chunks]).toEqual([true, 'a', 1]);
  });

  it('lets a new epoch go on counting', () => {
    const check = feed(status, chunk(1));
    expect(check.take({ event: 'chunk', id: '2.2', data: '{"content":"b","chunk_index":2}' })?.type).toBe('chunk');
  });

  it.each([
    ['chunk before status', [chunk(1)]],
    ['reasoning without content', [status, event('reasoning', '1.1', {})]],
    ['reasoning without an id', [status, event('reasoning', '1.0', { content: 'a' })]],
    ['a piece of no tool call', [status, event('tool_call', '1.1', { index: 0, arguments: '{' })]],
    [
      'a tool call that skips one',
      [status, event('tool_call', '1.1', { index: 1, id: 'c', name: 'n', arguments: '' })],
    ],
    ['two status events', [status, event('status', '1.1', {})]],
    ['gap in the ids', [status, event('chunk', '1.2', { content: 'a', chunk_index: 1 })]],
    ['an id twice', [status, chunk(1), chunk(1)]],
    ['an epoch that falls', [event('status', '2.0', {}), chunk(1)]],
    ['an id of another form', [event('status', 'x', {})]],
    ['gap in chunk_index', [status, event('chunk', '1.1', { content: 'a', chunk_index: 2 })]],
    ['a chunk without content', [status, event('chunk', '1.1', { chunk_index: 1 })]],
    ['wrong chunk_count', [status, chunk(1), complete(2, 2, 1)]],
    ['wrong total_length', [status, chunk(1, '😀'), complete(2, 1, 2)]],
    ['data that is not JSON', [{ event: 'status', id: '1.0', data: '{' }]],
    ['[DONE] without complete', [status, chunk(1), done('1.1')]],
    ['a chunk after complete', [status, complete(1, 0, 0), chunk(2)]],
    ['an event after [DONE]', [status, complete(1, 0, 0), done('1.1'), done('1.1')]],
    ['an event after error', [status, event('error', '1.1', {}), chunk(2)]],
  ])('refuses %s', (_, events) => {
    expect(() => feed(...events)).toThrow(expect.objectContaining({ name: 'StreamProtocolError' }));
  });

  it('refuses an end between complete and [DONE]', () => {
    expect(() => feed(status, complete(1, 0, 0)).end()).toThrow('without [DONE]');
  });
});

describe('StreamCheck after a cursor', () => {
  it('takes numbers as they go on, and compares no lengths', () => {
    const check = new StreamCheck('1.4');
    for (const one of [chunk(5), chunk(6), complete(7, 6, 600), done('1.7')]) check.take(one);
    expect(check).toMatchObject({ isWhole: false, isFinished: true, chunks: 2, text: 'aa', lastId: '1.7' });
  });

  it.each([
    ['the event that the caller has', [chunk(4)]],
    ['a gap', [chunk(6)]],
    ['a status event', [event('status', '1.5', {})]],
    ['chunks that were not counted on', [chunk(5), event('chunk', '1.6', { content: 'a', chunk_index: 8 })]],
    ['wrong chunk_count', [chunk(5), complete(6, 6, 1)]],
  ])('refuses %s', (_, events) => {
    const check = new StreamCheck('1.4');
    expect(() => {
      for (const one of events) check.take(one);
    }).toThrow(expect.objectContaining({ name: 'StreamProtocolError' }));
  });

  it('distinguishes an event without its own id on a new connection from one out of order', () => {
    const check = feed(status, chunk(1));
    check.reconnected();
    expect(check.take({ event: 'later', id: '', data: 'anything' })).toBeUndefined();
    expect(() => check.take(chunk(1))).toThrow('came after number 1');
  });
});
