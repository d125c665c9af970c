import { describe, expect, it } from 'vitest';
import { compareReports, differenceRange } from '../../../src/load/compare_reports.ts';
import { seededRandom } from '../../../src/load/open_loop.ts';
import { shareRange } from '../../../src/load/report_metrics.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadRecord } from '../../support/load_plan.ts';

/** Requests whose TTFT is around `ttft`, one after the other in `ms` each; `failing` of them are truncated. */
function report(n: number, ttft: number, { seed = 1, failing = 0, ms = 10 } = {}) {
  const random = seededRandom(seed);
  const summary = new Summary({ slo: { ttftMs: 1000, tpotMs: 50 } });
  for (let index = 0; index < n; index++) {
    const outcome = index < failing ? ('truncated' as const) : ('ok' as const);
    summary.add(loadRecord({ index, outcome, startMs: index * ms, ttftMs: ttft * (0.8 + 0.4 * random()) }));
  }
  return summary.report();
}
const of = (rows: ReturnType<typeof compareReports>, metric: string) => rows.find((row) => row.metric === metric);

describe('two reports', () => {
  it('know which direction is better', () => {
    const rows = compareReports(report(500, 100), report(500, 200, { ms: 5 }));
    expect(of(rows, 'ttft.p95')).toMatchObject({
      unit: 'ms',
      better: 'a',
      note: expect.stringMatching(/higher: worse$/),
    });
    expect(of(rows, 'ok.per_second')).toMatchObject({ better: 'b', note: expect.stringMatching(/higher: better$/) });
    const back = compareReports(report(500, 200, { ms: 5 }), report(500, 100));
    expect([of(back, 'ttft.p95')?.better, of(back, 'ok.per_second')?.better]).toEqual(['b', 'a']);
  });

  it('see that 30 % and 90 % of ten differ, although the ranges of both overlap', () => {
    const rows = compareReports(report(10, 100, { failing: 7 }), report(10, 100, { failing: 1 }));
    expect(of(rows, 'ok.share')).toMatchObject({ a: 0.3, b: 0.9, better: 'b' });
  });

  it('do not call it a difference where one would read 0.0 %', () => {
    const uneven = (more: number) => {
      const summary = new Summary({ instances: ['app-1', 'app-2'] });
      for (let index = 0; index < 40_000; index++) {
        summary.add(loadRecord({ index, instance: index < 30_000 + more ? 'app-1' : 'app-2' }));
      }
      return summary.report();
    };
    const imbalance = of(compareReports(uneven(0), uneven(1)), 'imbalance');
    expect(imbalance).toMatchObject({ better: 'unclear', note: expect.stringMatching(/^about the same/) });
  });

  it('see no clear difference where it may be chance: the same server twice', () => {
    const rows = compareReports(report(500, 100, { seed: 1 }), report(500, 100, { seed: 2 }));
    expect(of(rows, 'ttft.p50')).toMatchObject({ better: 'unclear', note: expect.stringMatching(/^no clear/) });
    expect(of(rows, 'ok.share')).toMatchObject({ better: 'none', note: 'equal' });
  });

  it('do not take a few failures among few requests for worse, and do among many', () => {
    const few = compareReports(report(10, 100), report(10, 100, { failing: 1 }));
    expect(of(few, 'ok.share')?.better).toBe('unclear');
    const many = compareReports(report(1000, 100), report(1000, 100, { failing: 100 }));
    expect(of(many, 'ok.share')?.better).toBe('a');
  });

  it('do not judge a percentile that has too few samples for a range', () => {
    expect(of(compareReports(report(20, 100), report(20, 900)), 'ttft.p99')?.better).toBe('unclear');
  });

  it('leave out what neither has, and say what only one has', () => {
    const resumed = new Summary();
    resumed.add(loadRecord({ reconnects: 1, maxResumeGapMs: 5 }), [], [5]);
    const rows = compareReports(report(5, 100), resumed.report());
    expect(of(rows, 'refusal.p50')).toBeUndefined();
    expect(of(rows, 'resume_gap.p50')).toMatchObject({ a: null, b: 5, better: 'none', note: 'only B has a value' });
    expect(of(rows, 'good.share')).toMatchObject({ b: null, note: 'only A has a value' });
  });
});

/** Newcombe, Statistics in Medicine 17 (1998), table II, method 10; there the first minus the second. */
describe('the range of a difference of two shares', () => {
  it.each([
    [
      [56, 70],
      [48, 80],
      [0.0524, 0.3339],
    ],
    [
      [9, 10],
      [3, 10],
      [0.1705, 0.809],
    ],
    [
      [6, 7],
      [2, 7],
      [0.0582, 0.8062],
    ],
    [
      [5, 56],
      [0, 29],
      [-0.0381, 0.1926],
    ],
    [
      [0, 10],
      [0, 20],
      [-0.1611, 0.2775],
    ],
    [
      [10, 10],
      [0, 20],
      [0.6791, 1],
    ],
  ] as const)('of %j and %j is %j', ([first, of1], [second, of2], [low, high]) => {
    const figure = (k: number, n: number): [number, [number, number]] => [k / n, shareRange(k / n, n)!];
    const range = differenceRange(figure(second, of2), figure(first, of1));
    expect(range[0]).toBeCloseTo(low, 3);
    expect(range[1]).toBeCloseTo(high, 3);
  });
});
