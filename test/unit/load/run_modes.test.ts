import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Transport } from 'weir-client';
import type { LoadPlan } from '../../../src/load/load_plan.ts';
import { progressOf } from '../../../src/load/node/live_view.ts';
import type { LoadRecord } from '../../../src/load/record.ts';
import { runLoad, summaryOptions } from '../../../src/load/run_load.ts';
import { Summary } from '../../../src/load/summary.ts';
import { inFakeTime } from '../../support/fake_time.ts';
import { loadPlan } from '../../support/load_plan.ts';
import { transcript } from '../client/scripted_server.ts';

const BYTES = new TextEncoder().encode(transcript(['hi']).join(''));

/** Answers after a time that depends on how many it has to answer at once. */
function server(delayMs: (active: number) => number) {
  let active = 0;
  let most = 0;
  const transport: Transport = async () => {
    active += 1;
    most = Math.max(most, active);
    await new Promise((resolve) => setTimeout(resolve, delayMs(active)));
    active -= 1;
    const headers = new Map([['content-type', 'text/event-stream']]);
    return {
      status: 200,
      headers: (name) => headers.get(name) ?? null,
      body: (async function* () {
        yield BYTES;
      })(),
    };
  };
  return { transport, most: () => most };
}

async function run(plan: LoadPlan, transport: Transport, signal?: AbortSignal) {
  const summary = new Summary(summaryOptions(plan));
  const records: LoadRecord[] = [];
  await inFakeTime(runLoad(plan, { summary, transport, signal, onRecord: (record) => records.push(record) }));
  return { summary, report: summary.report(), records };
}

// In a time of their own, so that the machine's load changes nothing. Checksums are made outside of that time: none here.
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(7) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a run', () => {
  it('warms up with requests that do not count, then measures as many as it was asked to', async () => {
    const { transport } = server(() => 20);
    const { report, records } = await run({ ...loadPlan({ concurrency: 4, requests: 12 }), warmupMs: 100 }, transport);
    const warm = records.filter(({ measured }) => !measured);
    expect(report.requests).toBe(12);
    expect(warm.length).toBeGreaterThanOrEqual(4);
    expect(records).toHaveLength(12 + warm.length);
    expect(report.phases.map(({ name }) => name)).toEqual(['warmup', 'measure', 'drain']);
    expect(report.phases.reduce((sum, { ended }) => sum + ended, 0)).toBe(records.length);
    expect(report.duration_ms).toBeLessThanOrEqual(records.at(-1)!.startMs + records.at(-1)!.e2eMs - 99);
  });

  it('starts nothing after its time, and lets what is under way end', async () => {
    const { transport } = server(() => 30);
    const plan = loadPlan({ mode: { kind: 'closed', concurrency: 3, durationMs: 200 } });
    const { summary, report, records } = await run(plan, transport);
    expect(records.every(({ startMs, outcome }) => startMs < 200 && outcome === 'ok')).toBe(true);
    expect(report.requests).toBeGreaterThanOrEqual(3);
    expect(progressOf(plan, summary.snapshot(200))).toBe(1);
  });

  it('has its users take turns where there are more of them than workers', async () => {
    const { transport } = server(() => 0);
    const turns = async (users: number) => {
      const { records } = await run({ ...loadPlan({ concurrency: 2, requests: 6 }), users }, transport);
      return records.map(({ worker, user }) => `${worker}:${user}`).sort();
    };
    expect(await turns(2)).toEqual(['0:0', '0:0', '0:0', '1:1', '1:1', '1:1']);
    expect(new Set((await turns(6)).map((each) => each.split(':')[1])).size).toBe(6);
  });

  it('keeps a Poisson schedule: requests start when they are due, whatever the server does', async () => {
    const { transport } = server(() => 50);
    const mode = { kind: 'open', ratePerSecond: 100, arrivals: 'poisson', durationMs: 500, maxInFlight: 100 } as const;
    const { report, records } = await run({ ...loadPlan({ mode }), users: 3 }, transport);
    expect(records.every(({ startMs, lateMs }) => startMs < 500 && lateMs >= 0)).toBe(true);
    expect(new Set(records.map(({ user }) => user)).size).toBe(3);
    expect(report.service_e2e_ms!.p50).toBeLessThanOrEqual(report.e2e_ms!.p50);
    expect(report.self_check).not.toBeNull();
  });

  it('finds the limit of a server that gets slower the more it has to do', async () => {
    // Up to eight at once take 20 ms; above that they share what there is: 400 a second at the most.
    const { transport } = server((active) => 20 * Math.max(1, active / 8));
    const mode = { kind: 'find_limit', startConcurrency: 2, stepMs: 300 } as const;
    const { report } = await run(loadPlan({ mode }), transport);
    expect(report.limit?.reason).toBe('knee');
    expect(report.limit!.steps.map(({ concurrency }) => concurrency)).toEqual([2, 3, 5, 8, 12, 18]);
    expect(report.limit!.knee!.concurrency).toBe(8);
  });

  it('ends a search when it is interrupted, and says so', async () => {
    const { transport } = server(() => 5);
    const abort = new AbortController();
    const mode = { kind: 'find_limit', startConcurrency: 1, stepMs: 50 } as const;
    const seen = run(loadPlan({ mode }), transport, abort.signal);
    setTimeout(() => abort.abort(), 120);
    expect((await seen).report.limit?.reason).toBe('interrupted');
  });

  it('counts goodput: what ended well and met the SLO, of all attempts', async () => {
    const { transport } = server(() => 20);
    const plan = loadPlan({ requests: 3, slo: { ttftMs: 1, tpotMs: 1 } });
    expect((await run(plan, transport)).report.good).toEqual({ count: 0, per_second: 0, share: 0 });
    const good = (await run({ ...plan, slo: { ttftMs: 60_000, tpotMs: 1 } }, transport)).report.good;
    expect(good).toMatchObject({ count: 3, share: 1 });
  });
});
