import { describe, expect, it } from 'vitest';
import { SharedAnswer, type SharedAnswerReader } from '../../../src/core/cache/shared_answer.ts';
import { WeirError } from '../../../src/formats/error_code.ts';

/** Longer than what is held. */
const LONG = 'x'.repeat(300 * 1024);

/** A reader that takes pieces while it has room. */
function take(reader: SharedAnswerReader<string>, room = Number.POSITIVE_INFINITY) {
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

describe('a shared', () => {
  it('gives each reader all of it, whenever it comes and however slowly it reads', () => {
    const shared = new SharedAnswer<string>();
    const early = take(shared.join(signal()));
    const slowReader = shared.join(signal());
    const slow = take(slowReader, 1);
    for (const piece of ['a', 'b', 'c']) expect(shared.push(piece)).toBe(true);
    shared.settle({ ok: true, end: 'stop' });
    const late = take(shared.join(signal()));
    expect(slow).toMatchObject({ taken: ['a'], ended: undefined });
    slow.room = 9;
    slowReader.resume();
    for (const { taken, ended } of [early, slow, late]) expect([taken, ended]).toEqual([['a', 'b', 'c'], 'stop']);
    expect(shared.pieces).toEqual(['a', 'b', 'c']);
  });

  it('ends when its last reader leaves, with that one’s reason, and not before', () => {
    const shared = new SharedAnswer<string>();
    const [first, second] = [new AbortController(), new AbortController()];
    take(shared.join(first.signal));
    const stays = take(shared.join(second.signal));
    first.abort(new WeirError('cancelled'));
    shared.push('a');
    expect(stays.taken).toEqual(['a']);
    expect(shared.signal.aborted).toBe(false);
    second.abort(new WeirError('draining'));
    expect(shared.signal.reason).toMatchObject({ code: 'draining' });
    expect(shared.joinable).toBe(false);
    expect(shared.push('b')).toBe(false);
  });

  it('that fails, fails for all, and takes no new reader', () => {
    const shared = new SharedAnswer<string>();
    const readers = [take(shared.join(signal())), take(shared.join(signal()))];
    shared.push('a');
    shared.settle({ ok: false, error: new WeirError('upstream_truncated') });
    for (const { taken, ended } of readers) expect([taken, ended]).toEqual([['a'], 'upstream_truncated']);
    expect(shared.joinable).toBe(false);
    expect(shared.pieces).toBeUndefined();
  });

  it('beyond its bound takes no new reader, and its slowest reader sets the pace', () => {
    const shared = new SharedAnswer<string>();
    let resumed = 0;
    shared.fedBy(() => {
      resumed += 1;
    });
    const fast = take(shared.join(signal()));
    const slowReader = shared.join(signal());
    const slow = take(slowReader, 1);
    const fed = Array.from({ length: 5 }, () => shared.push(LONG));
    expect(fed).toEqual([true, true, true, true, false]);
    expect(shared.joinable).toBe(false);
    expect(fast.taken).toHaveLength(5);
    slow.room = 3;
    slowReader.resume();
    expect(resumed).toBe(1);
    expect(shared.push('end')).toBe(true);
    shared.settle({ ok: true, end: 'stop' });
    slow.room = 9;
    slowReader.resume();
    expect(slow.taken.join('')).toBe(fast.taken.join(''));
    expect([slow.ended, fast.ended]).toEqual(['stop', 'stop']);
    expect(shared.pieces).toBeUndefined();
  });

  it('beyond its bound goes on when the reader that held it back leaves', () => {
    const shared = new SharedAnswer<string>();
    let resumed = 0;
    shared.fedBy(() => {
      resumed += 1;
    });
    take(shared.join(signal()));
    const slow = new AbortController();
    take(shared.join(slow.signal), 1);
    while (shared.push(LONG));
    slow.abort(new WeirError('slow_reader'));
    expect(resumed).toBe(1);
    expect(shared.push('more')).toBe(true);
  });
});
