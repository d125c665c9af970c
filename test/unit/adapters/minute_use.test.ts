import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MinuteUse } from '../../../src/adapters/stores/limits/minute_use.ts';

/** Lets requests in at `times` (ms) as long as the limit allows. @returns those that came in */
function letIn(times: readonly number[], limit: number): number[] {
  let now = 0;
  const use = new MinuteUse(() => now);
  return times.filter((time) => {
    now = time;
    if (use.view('requests', limit).waitMs > 0) return false;
    use.add({ age: 0, requests: 1, tokens: 0 });
    return true;
  });
}

const inMinuteFrom = (times: readonly number[], from: number) =>
  times.filter((time) => time >= from && time < from + 60_000).length;

it('lets no more than the limit in in any minute, wherever it begins', () => {
  // One, then 59 just before the minute of the first is over, then 60 just after.
  const burst = [0, ...Array(59).fill(59_000), ...Array(60).fill(60_500)];
  expect(letIn(burst, 60)).toEqual(burst.slice(0, 60));
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 20 }),
      (times, limit) => {
        const admitted = letIn(
          times.sort((one, other) => one - other),
          limit,
        );
        for (const from of admitted) expect(inMinuteFrom(admitted, from)).toBeLessThanOrEqual(limit);
      },
    ),
  );
});

it('says how long a refusal holds, and not longer', () => {
  let now = 10_250;
  const use = new MinuteUse(() => now);
  use.add({ age: 0, requests: 1, tokens: 900 });
  now = 30_000;
  use.add({ age: 0, requests: 1, tokens: 200 });
  expect(use.view('requests', 2)).toEqual({ used: 2, waitMs: 41_000, resetMs: 61_000 });
  // An answer begins while there are tokens left.
  expect(use.view('tokens', 1_101).waitMs).toBe(0);
  expect(use.view('tokens', 1_100).waitMs).toBe(41_000);
  expect(use.view('tokens', 200).waitMs).toBe(61_000);
  now = 70_999;
  expect(use.view('requests', 2).waitMs).toBe(1);
  now = 71_000;
  expect(use.view('requests', 2)).toEqual({ used: 1, waitMs: 0, resetMs: 20_000 });
  now = 91_000;
  expect(use.view('requests', 2)).toEqual({ used: 0, waitMs: 0, resetMs: 0 });
  expect(use.list()).toEqual([]);
});
