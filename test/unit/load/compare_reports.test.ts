import { describe, expect, it } from 'vitest';
import { compareReports } from '../../../src/load/compare_reports.ts';
import { seededRandom } from '../../../src/load/pacer.ts';
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

  it('see no clear difference where the ranges overlap: the same server twice', () => {
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
    expect(of(rows, 'resume_gap.p50')).toMatchObject({ a: null, b: 5, better: 'none', note: 'only B has it' });
    expect(of(rows, 'good.share')).toMatchObject({ b: null, note: 'only A has it' });
  });
});
