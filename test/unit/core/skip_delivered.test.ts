import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipDelivered, uncounted } from '../../../src/core/upstream/skip_delivered.ts';
import type { AnswerEnd, PartAnswer, PartConsumer } from '../../../src/core/upstream/upstream.ts';
import { WeirError } from '../../../src/formats/error_code.ts';

const END: AnswerEnd = { finish: 'stop', finishReason: 'stop', usage: { input: 1, output: 2 } };

/** An answer that says these pieces, and stops while its consumer is full. */
function saying(pieces: readonly string[], last: AnswerEnd | WeirError = END): PartAnswer {
  const left = [...pieces];
  let consumer: PartConsumer;
  const resume = () => {
    for (let piece = left.shift(); piece !== undefined; piece = left.shift()) if (!consumer.text(piece)) return;
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
  const said = { text: '', pieces: 0, end: undefined as AnswerEnd | undefined, error: undefined as string | undefined };
  let full = false;
  answer.start({
    part: () => true,
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
    expect(said).toEqual({ text: '', pieces: 0, end: undefined, error: 'producer_lost' });
    expect(stopped).toBe(1);
  });

  it('and fails on the way fails with its own error', () => {
    const failed = saying(['One '], new WeirError('upstream_truncated'));
    expect(heard(skipDelivered(failed, ['One ', 'two'], () => {})).error).toBe('upstream_truncated');
  });
});

describe('an answer of which only a part is counted', () => {
  it('has no usage, and is otherwise the same', () => {
    expect(heard(uncounted(saying(['a', 'b'])))).toMatchObject({ text: 'ab', end: { finishReason: 'stop' } });
    expect(heard(uncounted(saying(['a', 'b']))).end).not.toHaveProperty('usage');
    expect(heard(uncounted(saying([], new WeirError('upstream_error')))).error).toBe('upstream_error');
  });
});
