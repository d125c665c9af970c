import { afterEach, describe, expect, it, vi } from 'vitest';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { OpenCalls } from '../../../src/formats/open_calls.ts';
import { CustomToolInput } from '../../../src/formats/responses/custom_tool_input.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';

const HEAD = { id: '1', created: 1, model: 'm', body: {} };
const TIMES = 300;

afterEach(() => vi.restoreAllMocks());

describe.each([
  ['responses', responsesFormat],
  ['messages', messagesFormat],
])('the calls of one answer in %s', (_, format) => {
  const write = (parts: readonly StreamPart[]) => {
    const writer = format.writer(HEAD);
    writer.begin();
    for (const part of parts) writer.write(part);
  };
  const repeated = (make: (index: number) => StreamPart[]) => Array.from({ length: TIMES }, (_, at) => make(at)).flat();

  it('are not all looked at with each that begins', () => {
    const looks = vi.spyOn(String.prototype, 'trimEnd');
    write(repeated((index) => [{ type: 'tool_call', index, id: `c_${index}`, name: 'f' }]));
    expect(looks.mock.calls.length).toBeLessThan(TIMES);
  });

  it('are not parsed again with each text between their pieces', () => {
    const parsed = vi.spyOn(JSON, 'parse');
    const piece = '{"a":{}}';
    const pieces = repeated((at) => [
      { type: 'tool_arguments', index: 0, json: piece },
      { type: at % 2 ? 'text' : 'reasoning', text: 'x' },
    ]);
    write([
      { type: 'tool_call', index: 0, id: 'c', name: 'f' },
      { type: 'tool_arguments', index: 0, json: '[' },
      ...pieces,
    ]);
    const length = parsed.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
    expect(length).toBeLessThan(4 * TIMES * piece.length);
  });
});

it('a call is over when its arguments are whole, and once', () => {
  const calls = new OpenCalls();
  for (const index of [0, 1]) calls.begin(index, { json: '' });
  calls.argue(0, '{"a":');
  expect(calls.takeWhole()).toEqual([]);
  calls.argue(1, '{}');
  expect(calls.takeWhole()).toEqual([{ json: '{}' }]);
  calls.argue(1, ' ');
  calls.argue(0, '{"b":1}}');
  expect(calls.takeWhole()).toEqual([{ json: '{"a":{"b":1}}' }]);
  expect(calls.takeAll()).toEqual([]);
});

it.each(['{"patch":"', '{'])(
  'what does not begin as the input of a custom tool is not looked at for ever: %s',
  (start) => {
    const input = new CustomToolInput();
    input.add(start);
    const looks = vi.spyOn(RegExp.prototype, 'exec');
    for (let at = 0; at < 1_000; at += 1) expect(input.add('\n   ')).toBe('');
    expect(looks.mock.calls.length).toBeLessThan(100);
    looks.mockRestore();
    expect(input.finish()).toBe(start + '\n   '.repeat(1_000));
  },
);
