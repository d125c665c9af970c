import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventScanner } from '../../../src/core/upstream/event_scanner.ts';
import { ChatEvents } from '../../../src/formats/chat/chat_events.ts';
import { runs } from '../../support/fast_check_runs.ts';
import { chunkFrame, DONE_FRAME, usageFrame } from '../../support/openai_frames.ts';

const latin1 = (text: string) => Buffer.from(text).toString('latin1');

/** One frame of a stream that goes on: of any kind, with text that looks like a border, an end or an error. */
const frame = fc.oneof(
  fc.record({ content: fc.string({ unit: 'grapheme' }) }).map((delta) => chunkFrame(delta)),
  fc
    .constantFrom('[DONE]', '\n\ndata: [DONE]\n\n', '"finish_reason":"stop"', '{"error":{}}', '\u2028\r\n', '🌉 流れ')
    .map((content) => chunkFrame({ content })),
  fc.record({ reasoning_content: fc.string() }).map((delta) => chunkFrame(delta)),
  fc.constantFrom(': processing\n\n', '\n', 'event: ping\ndata: {}\n\n', 'id: 7\n\n', 'retry: 10\n\n'),
  fc.constant(chunkFrame({ content: 'lines' }).replace(',"choices"', ',\ndata: "choices"')),
);

/** Cuts a text at the places that the numbers stand for. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = places.map((place) => Math.floor(place * text.length)).sort((a, b) => a - b);
  return [0, ...sorted].map((start, at) => text.slice(start, sorted[at] ?? text.length));
}

/** What comes out of the pieces, and what it says of them. */
function scan(pieces: readonly string[], choices = 1) {
  const reader = new ChatEvents(choices);
  const scanner = new EventScanner(reader);
  let out = '';
  let count = 0;
  for (const piece of pieces) {
    const given = scanner.push(piece);
    // A comment may follow whatever was given out.
    if (given !== '') expect(given).toMatch(/(^|[\r\n])[\r\n]$/);
    out += given;
    count += scanner.pieces;
  }
  const { terminal } = scanner;
  const rest = scanner.end();
  return { out: out + (rest ?? ''), pieces: count, terminal: scanner.terminal, during: terminal, rest, reader };
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
const ending = fc.constantFrom('\n', '\r\n', '\r');

describe('bytes cut anywhere', () => {
  it('come out as they went in, and the end is seen exactly when it is there', () => {
    fc.assert(
      fc.property(fc.array(frame), places, ending, fc.boolean(), fc.boolean(), (frames, at, newline, bom, done) => {
        const text = (bom ? '\ufeff' : '') + frames.join('') + chunkFrame({}, 'stop') + (done ? DONE_FRAME : '');
        const bytes = latin1(text.replaceAll('\n', newline));
        const got = scan(cut(bytes, at));
        expect(got.out).toBe(bytes);
        expect(got.during).toBe(done ? 'end' : undefined);
        expect(got.reader.complete).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  it('without an end are cut off, and no half event gets out', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1 }),
        places,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (frames, at, stop) => {
          const bytes = latin1(frames.join(''));
          const got = scan(cut(bytes.slice(0, Math.floor(stop * bytes.length)), at));
          expect(got.terminal).toBeUndefined();
          expect(got.rest).toBeUndefined();
          expect(bytes.startsWith(got.out)).toBe(true);
        },
      ),
    );
  });

  it('say the same pieces however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frame), places, ending, (frames, at, newline) => {
        const bytes = latin1(frames.join('').replaceAll('\n', newline));
        expect(scan(cut(bytes, at)).pieces).toBe(scan([bytes]).pieces);
      }),
    );
  });
});

describe('the end of chat completions', () => {
  const words = chunkFrame({ content: 'One ' });
  const stop = chunkFrame({}, 'stop');
  const second = stop.replace('"index":0', '"index":1');

  it('is [DONE], whatever comes after it', () => {
    expect(scan([words + stop + DONE_FRAME + words])).toMatchObject({
      out: words + stop + DONE_FRAME,
      terminal: 'end',
    });
  });

  it.each([
    ['one finish reason', [words, stop], 1, true],
    ['one of two', [words, stop], 2, false],
    ['both of two', [words, stop, second], 2, true],
    ['none', [words], 1, false],
    ['half an event after it', [words, stop, 'data: {"id":"x","usa'], 1, false],
    ['no last blank line', [words, stop.trimEnd()], 1, true],
    ['spaces in its JSON', [words, stop.replaceAll('":', '": ')], 1, true],
  ])('without it: %s', (_, pieces, choices, whole) => {
    expect(scan(pieces, choices).rest !== undefined).toBe(whole);
  });

  it('is also the provider’s own error, passed on as it is', () => {
    const error = 'data: {"error":{"message":"Overloaded.","type":"server_error"}}\n\n';
    expect(scan([words, error, words])).toMatchObject({ out: words + error, terminal: 'error' });
    const late = 'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}],"error":{"code":502}}\n\n';
    expect(scan([words, late])).toMatchObject({ out: words + late, terminal: 'error' });
  });

  it('comes with the usage, if the provider reports it', () => {
    expect(scan([words, stop, usageFrame(7, 3), DONE_FRAME]).reader.usage).toEqual({
      input: 7,
      output: 3,
    });
  });
});

it('an event without end is an error, not a full memory', () => {
  const scanner = new EventScanner(new ChatEvents());
  const part = 'x'.repeat(1024 * 1024);
  expect(() => {
    for (let at = 0; at < 20; at += 1) scanner.push(part);
  }).toThrow('does not follow its protocol');
});
