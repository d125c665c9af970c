import { describe, expect, it } from 'vitest';
import { ratioInterval, verdictOf } from '../../../bench/ratio_interval.ts';

/** Five starts of six pairs whose ratios lie around `ratio`, with starts that differ by up to 1 %. */
function starts(ratio: number): [number, number][][] {
  return [0.99, 1.01, 1, 0.995, 1.005].map((start) =>
    [0.98, 1.02, 1, 1.01, 0.99, 1].map((pair, at) => [(30 + at) * ratio * start * pair, 30 + at]),
  );
}

describe('ratioInterval', () => {
  it('is that of Student for the logarithms of the starts', () => {
    // ln: -0.1, 0, 0.1; mean 0, standard error 0.1 / √3, 4.303 of them.
    const { ratio, low, high } = ratioInterval([-0.1, 0, 0.1].map((log) => [[Math.exp(log), 1]]));
    expect(ratio).toBeCloseTo(1, 10);
    expect(Math.log(high)).toBeCloseTo((4.303 * 0.1) / Math.sqrt(3), 10);
    expect(Math.log(low)).toBeCloseTo(-(4.303 * 0.1) / Math.sqrt(3), 10);
  });

  it('holds 1 where both cost the same, and leaves it out where one costs 5 % more', () => {
    const same = ratioInterval(starts(1));
    expect(same.low).toBeLessThan(1);
    expect(same.high).toBeGreaterThan(1);
    expect(ratioInterval(starts(1.05)).low).toBeGreaterThan(1.03);
    expect(ratioInterval(starts(1 / 1.05)).high).toBeLessThan(0.97);
  });

  it('takes a pair in which the machine was busy for what it is', () => {
    const disturbed = starts(1).map((pairs) => pairs.with(2, [60, 30]));
    const { ratio, high } = ratioInterval(disturbed);
    expect(ratio).toBeLessThan(1.02);
    expect(high).toBeLessThan(1.05);
  });

  it('says the same of both orders', () => {
    const ours = ratioInterval(starts(1.2));
    const theirs = ratioInterval(starts(1.2).map((pairs) => pairs.map(([a, b]): [number, number] => [b, a])));
    expect(ours.ratio * theirs.ratio).toBeCloseTo(1, 10);
    expect(ours.low * theirs.high).toBeCloseTo(1, 10);
  });
});

describe('verdictOf', () => {
  it.each([
    [{ ratio: 1.05, low: 1.031, high: 1.072 }, 'slower by 3.1–7.2 %'],
    [{ ratio: 0.9, low: 0.88, high: 0.92 }, 'faster by 8.0–12.0 %'],
    [{ ratio: 1.009, low: 0.985, high: 1.033 }, 'no difference seen (between 1.5 % faster and 3.3 % slower)'],
  ])('of %o is “%s”', (interval, verdict) => {
    expect(verdictOf(interval)).toBe(verdict);
  });

  it('says that a run could not have seen 5 %', () => {
    expect(verdictOf({ ratio: 1, low: 0.92, high: 1.09 })).toContain('too busy to see 5 %');
  });
});
