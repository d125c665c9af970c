import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_EVENT_CHARS, SseDecoder, type SseEvent, SseLimitError } from '../../../src/formats/sse/sse_decoder.ts';
import { runs } from '../../support/fast_check_runs.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function decode(parts: Uint8Array[], lenientEnd = false): SseEvent[] {
  const decoder = new SseDecoder();
  const events: SseEvent[] = [];
  for (const part of parts) {
    decoder.push(part);
    for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
  }
  const last = lenientEnd ? decoder.end() : undefined;
  return last ? [...events, last] : events;
}

function cutEverywhere(all: Uint8Array): Uint8Array[] {
  return Array.from(all, (_, at) => all.subarray(at, at + 1));
}

const SIMPLE = 'event: a\ndata: Grüße 👨‍👩‍👧‍👦\n\ndata: two\ndata: lines\n\n';
const EXPECTED: SseEvent[] = [
  { event: 'a', data: 'Grüße 👨‍👩‍👧‍👦', id: '' },
  { event: 'message', data: 'two\nlines', id: '' },
];

describe('SseDecoder', () => {
  it.each([
    ['LF', SIMPLE],
    ['CRLF', SIMPLE.replaceAll('\n', '\r\n')],
    ['lone CR', SIMPLE.replaceAll('\n', '\r')],
    ['a BOM', `\ufeff${SIMPLE}`],
    ['comments', `: hello\n${SIMPLE.replace('data: two', ': hb\ndata: two')}`],
    ['no space after the colon', SIMPLE.replaceAll(': ', ':')],
    ['unknown fields', SIMPLE.replace('data: two', 'nonsense\nretry: 10\nfoo: bar\ndata: two')],
  ])('reads the same events framed with %s, whole and byte by byte', (_, text) => {
    expect(decode([bytes(text)])).toEqual(EXPECTED);
    expect(decode(cutEverywhere(bytes(text)))).toEqual(EXPECTED);
  });

  it('gives an unfinished last event only to those who ask for it', () => {
    const cut = bytes(SIMPLE.slice(0, -2));
    expect(decode([cut])).toEqual(EXPECTED.slice(0, 1));
    expect(decode([cut], true)).toEqual([EXPECTED[0], { event: 'message', data: 'two\nlines', id: '' }]);
  });

  it('remembers the last id, and ignores one with a NUL', () => {
    const events = decode([bytes('id: 1.4\ndata: a\n\ndata: b\n\nid: x\0\ndata: c\n\n')]);
    expect(events.map((event) => event.id)).toEqual(['1.4', '1.4', '1.4']);
  });

  it('refuses a line without end instead of keeping it', () => {
    const decoder = new SseDecoder();
    const part = new Uint8Array(MAX_EVENT_CHARS / 4).fill(97);
    expect(() => {
      for (let count = 0; count < 6; count += 1) decoder.push(part);
    }).toThrow(SseLimitError);
  });

  it('agrees with a well-known parser on any mix of lines, cut anywhere', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'data: x',
        'data:',
        'data',
        'data:  two spaces',
        'event: e',
        'id: 7',
        ': c',
        '',
        '',
        'é: ü',
        'data: 流れ',
      ),
      fc.string({ unit: 'grapheme' }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
    );
    const stream = fc.tuple(
      fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r'))),
      fc.infiniteStream(fc.nat(9)),
    );
    fc.assert(
      fc.property(stream, ([lines, cuts]) => {
        const text = lines.map(([content, end]) => content + end).join('');
        // A lone CR at the very end may be half of a CRLF for a parser that waits; give both the same certainty.
        const all = bytes(`${text}\n\n`);
        const parts: Uint8Array[] = [];
        for (let at = 0; at < all.length; ) {
          const size = (cuts.next().value ?? 0) + 1;
          parts.push(all.subarray(at, at + size));
          at += size;
        }
        const reference: SseEvent[] = [];
        let id = '';
        const parser = createParser({
          onEvent: (event) => {
            id = event.id ?? id;
            reference.push({ event: event.event || 'message', data: event.data, id: '' });
          },
        });
        parser.feed(new TextDecoder().decode(all));
        expect(decode(parts).map((event) => ({ ...event, id: '' }))).toEqual(reference);
      }),
      { numRuns: runs(500) },
    );
  });
});
