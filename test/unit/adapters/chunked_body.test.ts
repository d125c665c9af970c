import fc from 'fast-check';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { ChunkedBody } from '../../../src/adapters/providers/chunked_body.ts';

/** A parser of chunks that takes its bytes one by one, as undici's can be stopped between any two. */
class Parser {
  data = '';
  ended = false;
  #line = '';
  #left = 0;
  #state: 'size' | 'data' | 'end' = 'size';

  take(bytes: Buffer): void {
    for (const character of bytes.toString('latin1')) {
      if (this.#state === 'data') {
        this.data += character;
        this.#left -= 1;
        if (this.#left === 0) this.#state = 'end';
        continue;
      }
      this.#line += character;
      if (!this.#line.endsWith('\r\n')) continue;
      if (this.#state === 'size') {
        this.#left = Number.parseInt(this.#line, 16);
        this.ended ||= this.#left === 0;
      }
      this.#state = this.#state === 'size' && this.#left > 0 ? 'data' : 'size';
      this.#line = '';
    }
  }
}

/** Data that looks like framing, now and then. */
const data = fc.array(fc.constantFrom('\r\n', '0\r\n\r\n', '5\r\n', 'a', 'b', '\u00ff', ' '), {
  minLength: 1,
  maxLength: 12,
});
const chunk = fc.record({
  data: data.map((parts) => parts.join('')),
  extension: fc.constantFrom('', '', '', ';a=b'),
  upper: fc.boolean(),
});

function framed(chunks: { data: string; extension: string; upper: boolean }[]): Buffer {
  const text = chunks.map(({ data, extension, upper }) => {
    const size = data.length.toString(16);
    return `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
  });
  return Buffer.from(`${text.join('')}0\r\n\r\n`, 'latin1');
}

/** Plays reads to a body and the parser behind it. */
function play(reads: Buffer[], pauseAfter = Number.POSITIVE_INFINITY) {
  const parser = new Parser();
  let passed = 0;
  let paused = false;
  const controller = {
    get paused() {
      return paused;
    },
    aborted: false,
    abort(this: { aborted: boolean }) {
      this.aborted = true;
    },
  } as unknown as Dispatcher.DispatchController;
  const handler = {
    onResponseData(_: unknown, bytes: Buffer) {
      parser.data += bytes.toString('latin1');
      passed += 1;
      paused = passed >= pauseAfter;
    },
  } as Dispatcher.DispatchHandler;
  const body = new ChunkedBody(controller, handler);
  let goesOn = true;
  for (const read of reads) {
    const at = goesOn ? body.pass(read) : 0;
    if (at === read.length) continue;
    goesOn &&= body.follow(read, at);
    parser.take(read.subarray(at));
  }
  return { parser, passed, goesOn };
}

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [...at, bytes.length]
    .map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
    .filter(({ length }) => length > 0);
}

describe('chunks past a parser', () => {
  it('and those through it are the body, wherever the bytes are cut and whenever the reader is full', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 12 }),
        fc.array(fc.nat()),
        fc.nat({ max: 8 }),
        (chunks, places, pauseAfter) => {
          const { parser } = play(cut(framed(chunks), places), pauseAfter + 1);
          expect(parser.data).toBe(chunks.map((each) => each.data).join(''));
          expect(parser.ended).toBe(true);
        },
      ),
    );
  });

  it('are all that came whole', () => {
    const chunks = ['one', 'two\r\n', 'x'.repeat(300)].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
    const reads = [...chunks, chunks.join(''), '0\r\n\r\n'].map((text) => Buffer.from(text));
    expect(play(reads)).toMatchObject({ passed: 6, goesOn: false, parser: { ended: true } });
  });

  it('are none where the framing is not plain, or wrong', () => {
    for (const text of [
      '3;a=b\r\nabc\r\n',
      '3\nabc\n',
      '3\r\nabcXY',
      'zz\r\nabc\r\n',
      '-1\r\na\r\n',
      '0x3\r\nabc\r\n',
      ' 3\r\nabc\r\n',
      '1000000\r\nabc\r\n',
    ]) {
      expect([text, play([Buffer.from(text)]).passed]).toEqual([text, 0]);
    }
  });

  it('end with a handler that throws', () => {
    const aborts: unknown[] = [];
    const controller = {
      paused: false,
      aborted: false,
      abort(this: { aborted: boolean }, error: Error) {
        this.aborted = true;
        aborts.push(error.message);
      },
    } as unknown as Dispatcher.DispatchController;
    const handler = {
      onResponseData() {
        throw new Error('no');
      },
    };
    const bytes = Buffer.from('1\r\na\r\n1\r\nb\r\n');
    expect(new ChunkedBody(controller, handler).pass(bytes)).toBe(bytes.length);
    expect(aborts).toEqual(['no']);
  });
});
