import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../src/load/outcome.ts';
import type { LoadRecord } from '../../../src/load/record.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadRecord } from '../../support/load_plan.ts';

let index = 0;
const record = (fields: Partial<LoadRecord>) => loadRecord({ index: index++, ...fields });
const refused = (instance: string) =>
  record({
    outcome: '429',
    status: 429,
    instance,
    e2eMs: 2,
    ttftMs: null,
    tokens: 0,
    code: 'too_many_connections',
    message: 'Too many.',
  });

describe('Summary', () => {
  it('is empty, with every outcome at zero', () => {
    const report = new Summary().report();
    expect(Object.keys(report.outcomes).sort()).toEqual([...OUTCOMES].sort());
    expect(report).toMatchObject({
      requests: 0,
      ttft_ms: null,
      e2e_ms: null,
      refusal_ms: null,
      via: null,
      instances: {},
    });
  });

  it('counts each request once, and refusals under the instance that refused', () => {
    const summary = new Summary();
    for (const id of ['app-10', 'app-2', 'app-1', 'app-1']) summary.add(record({ instance: id }));
    summary.add(refused('app-1'));
    const report = summary.report();
    expect(report.requests).toBe(5);
    expect(report.outcomes).toMatchObject({ ok: 4, '429': 1 });
    expect(report.instances).toEqual({
      'app-1': { requests: 3, ok: 2 },
      'app-2': { requests: 1, ok: 1 },
      'app-10': { requests: 1, ok: 1 },
    });
    expect(Object.keys(report.instances)).toEqual(['app-1', 'app-2', 'app-10']);
    expect(report.tokens).toBe(16);
    expect(report.errors).toEqual([{ outcome: '429', code: 'too_many_connections', message: 'Too many.', count: 1 }]);
  });

  it('takes latencies of ok requests only, and time to refuse of refusals before the head', () => {
    const summary = new Summary();
    summary.add(record({ ttftMs: 10, e2eMs: 100 }), [5, 6]);
    summary.add(record({ outcome: 'truncated', ttftMs: 999, e2eMs: 999 }), [900]);
    summary.add(refused('app-1'));
    summary.add(record({ outcome: '503', status: 200, e2eMs: 500, ttftMs: null }));
    const report = summary.report();
    expect(report.ttft_ms).toMatchObject({ n: 1, max: 10 });
    expect(report.e2e_ms).toMatchObject({ n: 1, max: 100 });
    expect(report.icl_ms).toMatchObject({ n: 2, max: 6 });
    expect(report.refusal_ms).toMatchObject({ n: 1, max: 2 });
  });

  it('counts resumed streams that ended ok, and their gaps; none where streams were plain', () => {
    const summary = new Summary();
    summary.add(record({}));
    expect(summary.report()).toMatchObject({ resumed: null, resume_gap_ms: null });
    summary.add(record({ reconnects: 0 }));
    expect(summary.report()).toMatchObject({ resumed: 0, resume_gap_ms: null });
    summary.add(record({ reconnects: 2, maxResumeGapMs: 300 }), [], [200, 300]);
    summary.add(record({ reconnects: 1, maxResumeGapMs: 900, outcome: 'truncated' }), [], [900]);
    expect(summary.report()).toMatchObject({ resumed: 1, resume_gap_ms: { n: 2, min: 200, max: 300 } });
  });

  it.each([
    [['nginx', 'nginx'], 'nginx'],
    [[null, null], 'direct'],
    [['nginx', null], 'mixed'],
  ])('says the path of %j', (vias, expected) => {
    const summary = new Summary();
    for (const via of vias) summary.add(record({ via }));
    summary.add(record({ outcome: 'connect', status: null, via: null, instance: null }));
    expect(summary.report().via).toBe(expected);
  });

  it('does not say of another server that its answers bypassed NGINX', () => {
    const summary = new Summary({ isForeign: true });
    summary.add(record({ via: null }));
    expect(summary.report().via).toBeNull();
    summary.add(record({ via: 'nginx' }));
    expect(summary.report().via).toBe('nginx');
  });

  it('counts nothing of the warm-up but its requests, by phase', () => {
    const summary = new Summary({ slo: { ttftMs: 1, tpotMs: 1 } });
    summary.enter('warmup', 0);
    summary.start(0, 0);
    summary.add(record({ index: 0, measured: false, startMs: 0 }));
    summary.start(1, 150);
    summary.enter('measure', 200);
    summary.add(record({ index: 1, measured: false, startMs: 150 }));
    summary.start(2, 210);
    summary.enter('drain', 250);
    summary.add(record({ index: 2, startMs: 210, e2eMs: 90 }));
    summary.close(300);
    const report = summary.report();
    expect(report).toMatchObject({ requests: 1, outcomes: { ok: 1 }, duration_ms: 100, streams_per_second: 10 });
    expect(report.phases).toEqual([
      { name: 'warmup', from_ms: 0, to_ms: 200, started: 2, ended: 1 },
      { name: 'measure', from_ms: 200, to_ms: 250, started: 1, ended: 1 },
      { name: 'drain', from_ms: 250, to_ms: 300, started: 0, ended: 1 },
    ]);
  });

  it('takes the scheduled time for the rates of an open loop, and its latencies from the schedule', () => {
    const summary = new Summary({ openMs: 1000 });
    for (let at = 0; at < 10; at++) summary.add(record({ startMs: at * 100, e2eMs: 700, ttftMs: 400, lateMs: 300 }));
    const { streams_per_second: rate, ttft_ms, service_ttft_ms, service_e2e_ms } = summary.report(1600);
    expect([rate, ttft_ms?.p50, service_ttft_ms?.p50, service_e2e_ms?.p50]).toEqual([10, 400, 100, 400]);
  });

  it('shows an instance that gets nothing', () => {
    const summary = new Summary({ instances: ['app-1', 'app-2'] });
    for (let at = 0; at < 50; at++) summary.add(record({ instance: 'app-1' }));
    expect(summary.report()).toMatchObject({
      instances: { 'app-2': { requests: 0, ok: 0 } },
      shares: [{ verdict: 'uneven' }, { instance: 'app-2', share: 0, verdict: 'uneven' }],
      imbalance: 0.5,
    });
  });

  it('knows what is under way, and where', () => {
    const summary = new Summary();
    summary.start(500, 0);
    summary.start(501, 10);
    summary.head(500, 'app-3');
    expect(summary.snapshot(20)).toMatchObject({ active: 2, active_by_instance: { 'app-3': 1 } });
    summary.add(record({ index: 500, startMs: 0, e2eMs: 250 }));
    const snapshot = summary.snapshot(300);
    expect(snapshot.active).toBe(1);
    expect(snapshot.series.map(({ t_ms, active, ok }) => [t_ms, active, ok])).toEqual([
      [0, 1, 0],
      [100, 2, 0],
      [200, 2, 0],
      [300, 1, 1],
    ]);
  });

  it('keeps the series bounded', () => {
    const summary = new Summary();
    summary.start(900, 0);
    const { series } = summary.snapshot(3_600_000);
    expect(series.length).toBeLessThanOrEqual(601);
    expect(series.at(-1)).toEqual({ t_ms: 3_600_000, active: 1, ok: 0, refused: 0, failed: 0 });
  });
});
