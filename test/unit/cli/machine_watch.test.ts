import { expect, it } from 'vitest';
import { describeMachine } from '../../../src/cli/machine_watch.ts';

const sample = (seconds: number, more: object = {}) => ({
  at: seconds * 1000,
  ticks: seconds * 200,
  stolen: 0,
  memoryWait: 0,
  load: 2,
  ...more,
});

it('a machine that had what the tests need was not starved', () => {
  expect(describeMachine([sample(0), sample(5), sample(10)], 2)).toEqual({
    isStarved: false,
    sentence:
      'its host took 0.0 % of its CPU time (at worst 0.0 % over five seconds), the load was 2.0 on 2 cores (at most 2.0), ' +
      'and 0.0 % of the time something waited for memory',
  });
});

it.each([
  ['its host took CPU time', { stolen: 200 }, /took 10\.0 %.*at worst 20\.0 %/],
  ['others used its cores', { load: 18 }, /load was 7\.3 on 2 cores \(at most 18\.0\)/],
  ['memory was short', { memoryWait: 500_000 }, /5\.0 % of the time something waited for memory/],
])('one was starved where %s', (_, last, words) => {
  const { isStarved, sentence } = describeMachine([sample(0), sample(5), sample(10, last)], 2);
  expect(isStarved).toBe(true);
  expect(sentence).toMatch(words);
});
