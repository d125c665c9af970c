import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataOf, EventPacker, splitEvents, unpackEvent, withId } from '../../../src/core/durable/event_entries.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import { SseDecoder } from '../../../src/formats/sse/sse_decoder.ts';

const packed = (events: readonly string[]) => {
  const packer = new EventPacker();
  return events.map((event, at) => packer.pack(event, at + 1));
};
const unpacked = (entries: readonly string[]) => entries.map((_, at) => unpackEvent(entries, at + 1));

const HEAD = { id: 'thread', created: 1_700_000_000, model: 'some/model', body: {} };
const TEXTS = ['Hello', ', "quoted" ', 'Grüße', ' 流れる', '\n\n', '🎉', '\ud83c', ' the', ' end'.repeat(20)];

describe('entries of the stream log', () => {
  it.each([
    ['chat', chatFormat],
    ['messages', messagesFormat],
    ['responses', responsesFormat],
  ])('give back each event of %s as it was, and hold little but its text', (_, format) => {
    const writer = format.writer(HEAD);
    const texts = Array.from({ length: 200 }, (__, at) => TEXTS[at % TEXTS.length] as string);
    const frames = [writer.begin(), ...texts.map((text) => writer.write({ type: 'text', text }))];
    const events = frames.flatMap(splitEvents);
    expect(events.join('')).toBe(frames.join(''));
    const entries = packed(events);
    expect(unpacked(entries)).toEqual(events);
    const around = entries.join('').length - texts.join('').length;
    // Of an event of some 170 characters.
    expect(around / texts.length).toBeLessThan(format === responsesFormat ? 75 : 30);
  });

  it('give back whatever events there are', () => {
    const event = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const entries = packed(events);
        expect(unpacked(entries)).toEqual(events);
        // As the log has them.
        expect(JSON.parse(JSON.stringify(entries))).toEqual(entries);
      }),
    );
  });

  it('that refer to none are no entries', () => {
    expect(() => unpackEvent(['~9,1,1,x'], 1)).toThrow('refers to none');
  });
});

describe('the events of a frame', () => {
  it.each([
    ['\n', 'data: a\n\ndata: b\nevent: c\n\n: comment\n\n'],
    ['\r\n', 'data: a\r\n\r\ndata: b\r\nevent: c\r\n\r\n'],
    ['\r', 'data: a\r\rdata: b\rdata: c\r\r'],
    ['mixed', 'data: a\n\r\ndata: b\r\n\ndata: c'],
  ])('with line ends %j are those that a decoder finds, with nothing lost', (_, frame) => {
    const events = splitEvents(frame);
    expect(events.join('')).toBe(frame);
    const whole = new SseDecoder();
    whole.push(Buffer.from(`${frame}\n\n`));
    const found: string[] = [];
    for (let event = whole.next(); event; event = whole.next()) found.push(event.data);
    expect(events.flatMap((event) => dataOf(event) ?? [])).toEqual(found);
  });

  it('get an id that counts, whatever their line ends, and beside one of the provider', () => {
    for (const event of ['data: a\n\n', 'data: a\r\n\r\n', 'id: 99\ndata: a\n\n', ': comment\n\n']) {
      const decoder = new SseDecoder();
      decoder.push(Buffer.from(`${withId(event, '1.7')}data: next\n\n`));
      const [first, second] = [decoder.next(), decoder.next()];
      expect(first?.id).toBe('1.7');
      expect((second ?? first)?.data).toBe('next');
      expect(withId(event, '1.7').replace(/id: 1\.7\r?\n/, '')).toBe(event);
    }
  });
});
