import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/load/open_loop.ts';
import { imbalanceOf, sharesOf } from '../../../src/load/shares.ts';

const shares = (...counts: number[]) => sharesOf(new Map(counts.map((count, at) => [`app-${at + 1}`, count])));
const verdicts = (...counts: number[]) => shares(...counts).map(({ verdict }) => verdict);

describe('shares per instance', () => {
  it('have the band of the p chart: w ± 3 √(w (1 - w) / n)', () => {
    // w = 1/2, n = 900: 3 √(0.25 / 900) = 0.05
    expect(shares(430, 470)).toEqual([
      { instance: 'app-1', requests: 430, share: 0.477778, low: 0.45, high: 0.55, verdict: 'even' },
      { instance: 'app-2', requests: 470, share: 0.522222, low: 0.45, high: 0.55, verdict: 'even' },
    ]);
    expect(verdicts(404, 496)).toEqual(['uneven', 'uneven']);
  });

  it('say of an instance that got nothing that it is uneven, and the others with it', () => {
    expect(verdicts(1000, 1000, 0)).toEqual(['uneven', 'uneven', 'uneven']);
  });

  it('say nothing where there are too few, or nothing at all', () => {
    expect(verdicts(4, 3, 3)).toEqual(['too_few', 'too_few', 'too_few']);
    expect(shares()).toEqual([]);
    expect(shares(0, 0)).toEqual([]);
    expect(verdicts(7)).toEqual(['even']);
  });

  it('of a fair draw leave the band no more often than three deviations allow', () => {
    const random = seededRandom(5);
    let outside = 0;
    const rounds = 2000;
    for (let round = 0; round < rounds; round++) {
      const counts = [0, 0, 0];
      for (let n = 0; n < 300; n++) counts[Math.floor(random() * 3)]! += 1;
      if (verdicts(...counts).includes('uneven')) outside += 1;
    }
    // 0.27 % for each of three; twice that is never reached by chance.
    expect(outside / rounds).toBeLessThan(2 * 3 * 0.0027);
    expect(outside).toBeGreaterThan(0);
  });
});

describe('imbalance', () => {
  it.each([
    [[10, 10, 10], 0],
    [[30, 0], 0.5],
    [[20, 10], 0.166667],
    [[3], 0],
  ])('of %j is %f', (counts, expected) => {
    expect(imbalanceOf(shares(...counts))).toBe(expected);
  });

  it('is nothing without shares', () => {
    expect(imbalanceOf([])).toBeNull();
  });
});
