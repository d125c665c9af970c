import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
        for (const name of ['p50', 'p90', 'p95', 'p99'] as const) {
          expect(Math.abs(rough[name] - exact[name])).toBeLessThanOrEqual(exact[name] * 0.0051 + 0.001);
        }
      }),
    );
  });

  it('keeps zero a zero in the histogram', () => {
    expect(spreadOf([0, 0, 0, 5], 2)).toMatchObject({ p50: 0, max: 5 });
  });
});
