import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/load/open_loop.ts';
import { Samples } from '../../../src/load/samples.ts';

function spreadOf(values: number[], limit?: number) {
  const samples = new Samples(limit);
  for (const value of values) samples.add(value);
  return samples.spread();
}

describe('Samples', () => {
  it('has nothing to say without values', () => {
    expect(spreadOf([])).toBeNull();
  });

  it('gives nearest-rank percentiles of all values', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(spreadOf(values)).toEqual({
      n: 100,
      min: 1,
      max: 100,
      mean: 50.5,
      p50: 50,
      p90: 90,
      p95: 95,
      p99: 99,
      p999: 100,
      ranges: { p50: [40, 61], p90: [84, 97] },
      method: 'exact',
    });
    expect(spreadOf([7])).toMatchObject({ p50: 7, p99: 7, min: 7, max: 7 });
  });

  it('takes values between two looks', () => {
    const samples = new Samples();
    samples.add(3);
    expect(samples.spread()?.p50).toBe(3);
    samples.add(1);
    samples.add(2);
    expect(samples.spread()).toMatchObject({ p50: 2, n: 3 });
  });

  it('above its limit stays within half a per cent of the exact value', () => {
    const value = fc.double({ min: 0.001, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 20, maxLength: 200 }), (values) => {
        const exact = spreadOf(values)!;
        const rough = spreadOf(values, 10)!;
        expect(rough.method).toBe('histogram');
        expect(rough).toMatchObject({ n: exact.n, min: exact.min, max: exact.max, mean: exact.mean });
        for (const name of ['p50', 'p90', 'p95', 'p99', 'p999'] as const) {
          expect(Math.abs(rough[name] - exact[name])).toBeLessThanOrEqual(exact[name] * 0.0051 + 0.001);
        }
      }),
    );
  });

  it('keeps zero a zero in the histogram', () => {
    expect(spreadOf([0, 0, 0, 5], 2)).toMatchObject({ p50: 0, max: 5 });
  });

  const value = fc.double({ min: 0.001, max: 1e7, noNaN: true });
  const some = fc.array(value, { minLength: 1, maxLength: 60 });

  it.each([1000, 20, 1])('merges into what all values give; limit %i', (limit) => {
    fc.assert(
      fc.property(some, some, (one, two) => {
        const merged = new Samples(limit);
        for (const each of one) merged.add(each);
        const other = new Samples(limit);
        for (const each of two) other.add(each);
        merged.merge(other);
        const whole = spreadOf([...one, ...two], limit)!;
        const spread = merged.spread()!;
        // The order of an addition moves the last digits of a sum.
        expect(spread.mean).toBeCloseTo(whole.mean, 1);
        if (spread.method === whole.method) expect({ ...spread, mean: 0 }).toEqual({ ...whole, mean: 0 });
        else expect(Math.abs(spread.p50 - whole.p50)).toBeLessThanOrEqual(whole.p50 * 0.0051 + 0.001);
      }),
    );
  });

  it('leaves what it merges as it is', () => {
    const other = new Samples();
    other.add(2);
    const samples = new Samples();
    samples.merge(other);
    samples.add(4);
    expect([other.spread()?.n, samples.spread()?.n]).toEqual([1, 2]);
  });

  it('gives ranges around the percentiles, between values that are there', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 30, maxLength: 300 }), (values) => {
        const spread = spreadOf(values)!;
        for (const name of ['p50', 'p90', 'p95', 'p99'] as const) {
          const range = spread.ranges[name];
          if (!range) continue;
          expect(range[0]).toBeLessThanOrEqual(spread[name]);
          expect(range[1]).toBeGreaterThanOrEqual(spread[name]);
        }
        expect(spread.ranges.p50).toBeDefined();
      }),
    );
  });

  it('covers the true percentile about 95 times in 100', () => {
    const random = seededRandom(3);
    let covered = 0;
    for (let round = 0; round < 1000; round++) {
      const [low, high] = spreadOf(Array.from({ length: 100 }, () => random() * 1000))!.ranges.p50!;
      if (low <= 500 && 500 <= high) covered += 1;
    }
    expect(covered).toBeGreaterThan(940);
  });

  it('answers a live view from the histogram where there are many values, and stays exact at the end', () => {
    const samples = new Samples();
    for (let at = 1; at <= 6000; at++) samples.add(at);
    expect(samples.spread(true)).toMatchObject({ method: 'histogram', n: 6000 });
    expect(samples.spread()).toMatchObject({ method: 'exact', p50: 3000, p999: 5994 });
  });
});
