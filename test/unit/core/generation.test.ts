import { describe, expect, it } from 'vitest';
import { Generation, type GenerationReader } from '../../../src/core/cache/generation.ts';
import { WeirError } from '../../../src/formats/error_code.ts';

/** Longer than what is held. */
const LONG = 'x'.repeat(300 * 1024);

/** A reader that takes pieces while it has room. */
function take(reader: GenerationReader<string>, room = Number.POSITIVE_INFINITY) {
  const taken: string[] = [];
  const reading = { taken, room, ended: undefined as string | undefined };
  reader.start({
    piece: (text) => {
      taken.push(text as string);
      reading.room -= 1;
      return reading.room > 0;
    },
    end: (end) => {
      reading.ended = end;
    },
    fail: (error) => {
      reading.ended = error.code;
    },
  });
  return reading;
}

const signal = () => new AbortController().signal;

describe('a generation', () => {
  it('gives each reader all of it, whenever it comes and however slowly it reads', () => {
    const generation = new Generation<string>();
    const early = take(generation.join(signal()));
    const slowReader = generation.join(signal());
    const slow = take(slowReader, 1);
    for (const piece of ['a', 'b', 'c']) expect(generation.push(piece)).toBe(true);
    generation.settle({ ok: true, end: 'stop' });
    const late = take(generation.join(signal()));
    expect(slow).toMatchObject({ taken: ['a'], ended: undefined });
    slow.room = 9;
    slowReader.resume();
    for (const { taken, ended } of [early, slow, late]) expect([taken, ended]).toEqual([['a', 'b', 'c'], 'stop']);
    expect(generation.pieces).toEqual(['a', 'b', 'c']);
  });

  it('ends when its last reader leaves, with that one’s reason, and not before', () => {
    const generation = new Generation<string>();
    const [first, second] = [new AbortController(), new AbortController()];
    take(generation.join(first.signal));
    const stays = take(generation.join(second.signal));
    first.abort(new WeirError('cancelled'));
    generation.push('a');
    expect(stays.taken).toEqual(['a']);
    expect(generation.signal.aborted).toBe(false);
    second.abort(new WeirError('draining'));
    expect(generation.signal.reason).toMatchObject({ code: 'draining' });
    expect(generation.joinable).toBe(false);
    expect(generation.push('b')).toBe(false);
  });

  it('that fails, fails for all, and is for nobody new', () => {
    const generation = new Generation<string>();
    const readers = [take(generation.join(signal())), take(generation.join(signal()))];
    generation.push('a');
    generation.settle({ ok: false, error: new WeirError('upstream_truncated') });
    for (const { taken, ended } of readers) expect([taken, ended]).toEqual([['a'], 'upstream_truncated']);
    expect(generation.joinable).toBe(false);
    expect(generation.pieces).toBeUndefined();
  });

  it('beyond its bound is held for nobody new, and its slowest reader sets the pace', () => {
    const generation = new Generation<string>();
    let resumed = 0;
    generation.fedBy(() => {
      resumed += 1;
    });
    const fast = take(generation.join(signal()));
    const slowReader = generation.join(signal());
    const slow = take(slowReader, 1);
    const fed = Array.from({ length: 5 }, () => generation.push(LONG));
    expect(fed).toEqual([true, true, true, true, false]);
    expect(generation.joinable).toBe(false);
    expect(fast.taken).toHaveLength(5);
    slow.room = 3;
    slowReader.resume();
    expect(resumed).toBe(1);
    expect(generation.push('end')).toBe(true);
    generation.settle({ ok: true, end: 'stop' });
    slow.room = 9;
    slowReader.resume();
    expect(slow.taken.join('')).toBe(fast.taken.join(''));
    expect([slow.ended, fast.ended]).toEqual(['stop', 'stop']);
    expect(generation.pieces).toBeUndefined();
  });

  it('beyond its bound goes on when the reader that held it back leaves', () => {
    const generation = new Generation<string>();
    let resumed = 0;
    generation.fedBy(() => {
      resumed += 1;
    });
    take(generation.join(signal()));
    const slow = new AbortController();
    take(generation.join(slow.signal), 1);
    while (generation.push(LONG));
    slow.abort(new WeirError('slow_reader'));
    expect(resumed).toBe(1);
    expect(generation.push('more')).toBe(true);
  });
});
