import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipDelivered, uncounted } from '../../../src/core/upstream/skip_delivered.ts';
import type { AnswerEnd, Delivered, PartAnswer, PartConsumer } from '../../../src/core/upstream/upstream.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import type { AnswerPart } from '../../../src/formats/stream_part.ts';

const END: AnswerEnd = { finish: 'stop', finishReason: 'stop', usage: { input: 1, output: 2 } };

/** An answer that says these pieces, and stops while its consumer is full. */
function saying(pieces: Delivered, last: AnswerEnd | WeirError = END): PartAnswer {
  const left = [...pieces];
  let consumer: PartConsumer;
  const resume = () => {
    for (let piece = left.shift(); piece !== undefined; piece = left.shift()) {
      if (!(typeof piece === 'string' ? consumer.text(piece) : consumer.part(piece))) return;
    }
    if (last instanceof WeirError) consumer.fail(last);
    else consumer.end(last);
  };
  return {
    kind: 'parts',
    start(given) {
      consumer = given;
      resume();
    },
    resume,
  };
}

/** Everything that an answer gives to a consumer that is full after each piece. */
function heard(answer: PartAnswer) {
  const said = {
    text: '',
    pieces: 0,
    parts: [] as AnswerPart[],
    end: undefined as AnswerEnd | undefined,
    error: undefined as string | undefined,
  };
  let full = false;
  answer.start({
    part(part) {
      said.parts.push(part);
      return true;
    },
    text(text) {
      said.text += text;
      said.pieces += 1;
      full = true;
      return false;
    },
    end: (end) => {
      said.end = end;
    },
    fail: (error) => {
      said.error = error.code;
    },
  });
  while (full) {
    full = false;
    answer.resume();
  }
  return said;
}

describe('an answer that is said again', () => {
  const cut = fc.array(fc.string({ minLength: 1, maxLength: 6, unit: 'binary' }), { maxLength: 12 });

  it('gives on exactly what was not delivered, wherever its pieces begin and end', () => {
    fc.assert(
      fc.property(cut, fc.nat(), fc.nat(), (pieces, at, width) => {
        const text = pieces.join('');
        const end = text === '' ? 0 : at % (text.length + 1);
        const size = 1 + (width % 5);
        const delivered = text.slice(0, end).match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        let stopped = 0;
        const said = heard(skipDelivered(saying(pieces), delivered, () => stopped++));
        expect(said).toMatchObject({ text: text.slice(end), end: END, error: undefined });
        expect(stopped).toBe(0);
      }),
    );
  });

  it.each([
    ['in the middle', ['One ', 'other ', 'three']],
    ['at its end', ['One tw', '?']],
    ['with less, and then nothing', ['One ', 'tw']],
    ['with nothing', []],
  ])('and differs %s is lost, once, and stopped', (_, pieces) => {
    let stopped = 0;
    const said = heard(skipDelivered(saying(pieces), ['One ', 'two'], () => stopped++));
    expect(said).toEqual({ text: '', pieces: 0, parts: [], end: undefined, error: 'producer_lost' });
    expect(stopped).toBe(1);
  });

  it('and fails on the way fails with its own error', () => {
    const failed = saying(['One '], new WeirError('upstream_truncated'));
    expect(heard(skipDelivered(failed, ['One ', 'two'], () => {})).error).toBe('upstream_truncated');
  });
});

describe('an answer with more than text that is said again', () => {
  const spoken: readonly (string | AnswerPart)[] = [
    { type: 'reasoning', text: 'First ' },
    { type: 'reasoning', text: 'this' },
    { type: 'reasoning_seal', seal: { kind: 'signature', data: 'c2ln' } },
    'Then ',
    'that',
    { type: 'tool_call', index: 0, id: 'a', name: 'look' },
    { type: 'tool_call', index: 1, id: 'b', name: 'look_up' },
    { type: 'tool_arguments', index: 0, json: '{"q":' },
    { type: 'tool_arguments', index: 1, json: '{}' },
    { type: 'tool_arguments', index: 0, json: '1}' },
  ];

  it('gives on what was not delivered, wherever that stopped', () => {
    for (let cut = 0; cut <= spoken.length; cut += 1) {
      const { parts, text, error } = heard(skipDelivered(saying(spoken), spoken.slice(0, cut), () => {}));
      const rest = spoken.slice(cut);
      expect(error).toBeUndefined();
      // Where only text is known, what is no text is left out until all of it was said again.
      expect(parts).toEqual(rest.filter((part) => typeof part !== 'string'));
      expect(text).toBe(rest.filter((part) => typeof part === 'string').join(''));
    }
  });

  it('compares each kind for itself, and each call', () => {
    const other = [spoken[5], spoken[7], spoken[9], spoken[6]] as AnswerPart[];
    const rest = heard(skipDelivered(saying(spoken.slice(5)), other, () => {})).parts;
    expect(rest).toEqual([spoken[8]]);
    const half = [spoken[5], { type: 'tool_arguments', index: 0, json: '{"q' }] as AnswerPart[];
    expect(heard(skipDelivered(saying(spoken.slice(5)), half, () => {})).parts).toEqual([
      spoken[6],
      { type: 'tool_arguments', index: 0, json: '":' },
      ...spoken.slice(8),
    ]);
  });

  it.each<[string, AnswerPart]>([
    ['other reasoning', { type: 'reasoning', text: 'Firstly' }],
    ['another tool', { type: 'tool_call', index: 0, id: 'a', name: 'look_up' }],
    ['other arguments', { type: 'tool_arguments', index: 1, json: '{ }' }],
  ])('is lost with %s', (_, part) => {
    expect(heard(skipDelivered(saying(spoken), [part], () => {})).error).toBe('producer_lost');
  });
});

describe('an answer of which only a part is counted', () => {
  it('has no usage, and is otherwise the same', () => {
    expect(heard(uncounted(saying(['a', 'b'])))).toMatchObject({ text: 'ab', end: { finishReason: 'stop' } });
    expect(heard(uncounted(saying(['a', 'b']))).end).not.toHaveProperty('usage');
    expect(heard(uncounted(saying([], new WeirError('upstream_error')))).error).toBe('upstream_error');
  });
});
