import { describe, expect, it } from 'vitest';
import { splitEvents } from '../../../src/core/durable/event_entries.ts';
import { LOG_VERSION, type LogFormat, logFormatOf } from '../../../src/core/durable/log_format.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import type { Encoder } from '../../../src/core/stream/encoder.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import { FormatEncoder } from '../../../src/gateway/endpoints/encoders.ts';
import { ENDPOINTS, type Endpoint } from '../../../src/gateway/endpoints/endpoint.ts';
import { logFormats } from '../../../src/gateway/endpoints/log_formats.ts';
import { answerFrames } from '../../support/openai_frames.ts';

const FORMATS = logFormats({ weir: 1_000, others: 1_000 });
const BODY = { model: 'a/model', stream: true, messages: [], stream_options: { include_usage: true } };
const KEPT = { endpoint: 'chat', body: JSON.stringify(BODY), headers: {} };
const recordOf = (format: string) =>
  ({
    id: 'thread',
    log: LOG_VERSION,
    format,
    epoch: 1,
    ends: [],
    createdAt: 1_700_000_000_123,
  }) as unknown as ResumableRecord;

const TEXTS = ['One ', 'grüße ', '"three"\n', '流れる', ' five.'];
const SUMMARY = { chunks: 0, length: 0, sha256: '' };
const END = { finish: 'stop', finishReason: 'stop', usage: { input: 3, output: 5 } } as const;

/** What an instance writes of an answer from its text number `from` on. */
function rest(encoder: Encoder, from: number, end: 'stop' | 'error' = 'stop'): string[] {
  const frames = TEXTS.slice(from).map((text, at) => encoder.chunk(from + at + 1, text, from + at + 1));
  const last =
    end === 'stop' ? encoder.complete(0, SUMMARY, END, 0) : encoder.error(0, new WeirError('producer_lost'), 0);
  return [...frames, last];
}

function entriesOf(format: LogFormat, record: ResumableRecord, frames: readonly string[]): string[] {
  const made = format.frames(record, () => record);
  const entries: string[] = [];
  for (const frame of frames) made.add(frame, entries, false);
  return entries;
}

const endpoints = ENDPOINTS.filter(({ parser }) => parser !== undefined).map((endpoint) => [endpoint.name, endpoint]);

describe.each(endpoints as [string, Endpoint][])('an answer in the format of %s', (name, endpoint) => {
  const format = FORMATS.get(name) as LogFormat;
  const record = recordOf(name);
  const whole = () => {
    const encoder = new FormatEncoder(
      endpoint.format,
      { id: 'thread', created: 1_700_000_000, model: 'a/model' },
      () => BODY,
    );
    return { begin: encoder.status(), encoder };
  };
  const original = () => {
    const { begin, encoder } = whole();
    return [begin, ...rest(encoder, 0)];
  };

  it('goes on byte for byte wherever its instance died between two frames', () => {
    const frames = original();
    for (let cut = 1; cut < frames.length; cut += 1) {
      const before = format.resume(entriesOf(format, record, frames.slice(0, cut)), record, KEPT, () => record);
      expect(before.texts.join('')).toBe(TEXTS.slice(0, cut - 1).join(''));
      expect(before.canGoOn).toBe(true);
      expect([...frames.slice(0, cut), ...rest(before.encoder, cut - 1)].join('')).toBe(frames.join(''));
    }
  });

  it('begins as it would have where nothing was said', () => {
    const before = format.resume([], record, KEPT, () => record);
    const began = before.encoder.status(0);
    expect([began, ...rest(before.encoder, 0)].join('')).toBe(original().join(''));
  });

  it('fails with an error of its own format, and every number in its place', () => {
    const { begin, encoder } = whole();
    const frames = [begin, ...rest(encoder, 0, 'error')];
    const before = format.resume(entriesOf(format, record, frames.slice(0, 3)), record, KEPT, () => record);
    const last = before.encoder.error(0, new WeirError('producer_lost'), 0);
    const data = splitEvents(frames.slice(0, 3).join('') + last);
    const numbers = data.flatMap((event) => /"sequence_number":(\d+)/.exec(event)?.[1] ?? []);
    expect(numbers).toEqual(numbers.map((_, at) => String(at)));
    expect(last).not.toContain('[DONE]');
    expect(last).not.toContain('message_stop');
    expect(last).toContain(new WeirError('producer_lost').message);
  });

  it.each([
    ['reasoning', { type: 'reasoning', text: 'Hm' }],
    ['a tool call', { type: 'tool_call', index: 0, id: 'call_1', name: 'f' }],
  ] as const)('does not go on inside %s', (_, part) => {
    const { begin, encoder } = whole();
    const frames = [begin, encoder.chunk(1, 'One '), encoder.part(2, part)];
    expect(format.resume(entriesOf(format, record, frames), record, KEPT, () => record).canGoOn).toBe(false);
  });
});

describe('chat completions of a provider', () => {
  const format = FORMATS.get('chat') as LogFormat;
  const record = recordOf('chat');

  it('go on with the id, the time and the model of its chunks', () => {
    const events = splitEvents(answerFrames(['One ', 'two'], true));
    const entries = entriesOf(format, record, events.slice(0, 2));
    const before = format.resume(entries, record, KEPT, () => record);
    expect(before).toMatchObject({ texts: ['One '], canGoOn: true, ended: undefined });
    const chunk = before.encoder.chunk(3, 'more', 2);
    expect(JSON.parse(chunk.slice(6))).toMatchObject({ id: 'chatcmpl-mock', model: 'mock', created: 1764000000 });
  });

  it('that have given their reason only lack their end', () => {
    const events = splitEvents(answerFrames(['One ', 'two'], true));
    const finish = events.findIndex((event) => event.includes('"finish_reason":"stop"'));
    const entries = entriesOf(format, record, events.slice(0, finish + 1));
    const { encoder, ended } = format.resume(entries, record, KEPT, () => record);
    expect(ended).toMatchObject({ finish: 'stop' });
    expect(encoder.complete(0, SUMMARY, ended as typeof END, 0)).toBe('data: [DONE]\n\n');
  });

  it('of several choices are not continued', () => {
    const kept = { ...KEPT, body: JSON.stringify({ ...BODY, n: 2 }) };
    const entries = entriesOf(format, record, splitEvents(answerFrames(['One ', 'two'], true)).slice(0, 2));
    expect(format.resume(entries, record, kept, () => record).canGoOn).toBe(false);
  });
});

describe('the version of a log', () => {
  it('is that of plain text where the record names none, and else has to be known, as its format', () => {
    const record = recordOf('chat');
    expect(logFormatOf(FORMATS, { ...record, log: undefined, format: undefined } as never)).toBe(FORMATS.get('text'));
    expect(logFormatOf(FORMATS, record)).toBe(FORMATS.get('chat'));
    expect(logFormatOf(FORMATS, { ...record, log: LOG_VERSION + 1 })).toBeUndefined();
    expect(logFormatOf(FORMATS, { ...record, format: 'unheard-of' })).toBeUndefined();
  });
});
