import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalTimes } from '../../../src/load/open_loop.ts';

const times = (ratePerSecond: number, arrivals: 'constant' | 'poisson', forMs: number, seed = 1) => [
  ...arrivalTimes({ ratePerSecond, arrivals, seed }, forMs),
];

describe('the pacer', () => {
  it('spaces constant arrivals evenly, from the start to before the end', () => {
    expect(times(4, 'constant', 1000)).toEqual([0, 250, 500, 750]);
    expect(times(0.5, 'constant', 2000)).toEqual([0]);
  });

  it('does not drift', () => {
    const all = times(3, 'constant', 3_600_000);
    expect(all).toHaveLength(10_800);
    expect(all.at(-1)).toBeCloseTo(3_600_000 - 1000 / 3, 6);
  });

  it('gives rising times before the end, whatever it is asked for', () => {
    const rate = fc.double({ min: 0.1, max: 500, noNaN: true });
    fc.assert(
      fc.property(rate, fc.constantFrom('constant', 'poisson'), fc.integer(), (perSecond, arrivals, seed) => {
        const all = times(perSecond, arrivals, 2000, seed);
        const isRising = all.every((at, index) => at >= 0 && at < 2000 && (index === 0 || at > all[index - 1]!));
        expect(isRising).toBe(true);
      }),
    );
  });

  it('repeats a Poisson schedule for the same seed, and no other', () => {
    expect(times(50, 'poisson', 1000, 7)).toEqual(times(50, 'poisson', 1000, 7));
    expect(times(50, 'poisson', 1000, 7)).not.toEqual(times(50, 'poisson', 1000, 8));
  });

  it('draws Poisson gaps that are exponential: their deviation is their mean', () => {
    const all = times(100, 'poisson', 200_000, 42);
    // 20,000 are expected, give or take their root; four roots are one in 16,000, and the seed is fixed.
    expect(Math.abs(all.length - 20_000)).toBeLessThan(4 * Math.sqrt(20_000));
    const gaps = all.slice(1).map((at, index) => at - all[index]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
    const longer = gaps.filter((gap) => gap > 10).length / gaps.length;
    expect(longer).toBeCloseTo(Math.exp(-1), 1);
  });
});
