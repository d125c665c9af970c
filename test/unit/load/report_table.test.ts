import { expect, it, vi } from 'vitest';
import { liveLines, liveProgress, progressLine } from '../../../src/load/node/live_view.ts';
import { reportTable } from '../../../src/load/node/report_table.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadPlan } from '../../support/load_plan.ts';

const path = { upstream: null, threadId: null, chunks: 1, reconnects: null, maxResumeGapMs: null };
const base = { worker: 0, user: 0, measured: true, lateMs: 0, startMs: 0, tpotMs: null, maxStallMs: null, ...path };

function nineAndOne(): Summary {
  const summary = new Summary();
  for (let index = 0; index < 9; index++) {
    const instance = `app-${(index % 3) + 1}`;
    const ok = { outcome: 'ok', status: 200, code: null, message: null, via: 'nginx', ttftMs: 300, tokens: 5 } as const;
    summary.add({ ...base, ...ok, index, instance, e2eMs: 1000 });
  }
  summary.add({
    ...base,
    index: 9,
    outcome: '429',
    status: 429,
    code: 'too_many_connections',
    message: 'Maximum 3 allowed.',
    instance: 'app-1',
    via: 'nginx',
    ttftMs: null,
    tokens: 0,
    e2eMs: 2,
  });
  return summary;
}

it('shows outcomes, instances with their shares, latencies and the path', () => {
  expect(reportTable(nineAndOne().report(), (_, text) => text)).toBe(`Outcomes
  ok                        9  90.0 %
  truncated                 0   0.0 %
  429 too many              1  10.0 %
  503 unavailable           0   0.0 %
  1 x too_many_connections: Maximum 3 allowed.

Instances    requests     ok   share
  app-1             4      3  40.0 %  ██████████
  app-2             3      3  30.0 %  ███████
  app-3             3      3  30.0 %  ███████
  too few requests to judge the balance

Milliseconds                p50      p90      p95      p99    p99.9      max        n
  TTFT (first text)         300      300      300      300      300      300        9
  E2E (whole answer)       1000     1000     1000     1000     1000     1000        9
  time to refusal          2.00     2.00     2.00     2.00     2.00     2.00        1
  service time (closed loop), of ok requests

10 requests in 1.0 s, 9.0 streams/s, 45 tokens
via nginx: all responses came through the balancer
`);
});

it('says how many streams were resumed, and how long they stood, only where they were resumable', () => {
  const summary = nineAndOne();
  expect(reportTable(summary.report(), (_, text) => text)).not.toContain('resumed');
  const resumed = { ...base, outcome: 'ok', status: 200, code: null, message: null, via: 'nginx', index: 10 } as const;
  const times = { ttftMs: 300, e2eMs: 1000, tokens: 5, reconnects: 1, maxResumeGapMs: 400 };
  summary.add({ ...resumed, ...times, instance: 'app-2' }, [], [400]);
  const table = reportTable(summary.report(), (_, text) => text);
  expect(table).toContain('resumed: 1 stream changed connections');
  expect(table).toMatch(/resume gap +400/);
});

it('says that there is nothing to show', () => {
  const text = reportTable(new Summary().report(), (_, line) => line);
  expect(text).toContain('no response named its instance');
  expect(text).toContain('no sample');
});

it('redraws its lines on a terminal, and prints a line a second elsewhere', () => {
  vi.useFakeTimers();
  try {
    const plan = loadPlan({ requests: 30 });
    const snapshot = () => nineAndOne().snapshot(2000);
    const view = { line: () => progressLine(snapshot(), plan), lines: () => liveLines(snapshot(), plan) };
    const terminal: string[] = [];
    const plain: string[] = [];
    const stops = [
      liveProgress({ isTTY: true, columns: 40, write: (text) => terminal.push(text) }, view),
      liveProgress({ write: (text) => plain.push(text) }, view),
    ];
    vi.advanceTimersByTime(2000);
    for (const stop of stops) stop();
    vi.advanceTimersByTime(2000);
    expect(plain).toEqual(Array(2).fill('2.0 s | 10 of 30 | 0 active | 9 ok | 1 refused | 0 failed\n'));
    expect(terminal).toHaveLength(11);
    expect(terminal[0]).toContain('\r\x1b[2K██████████░░░░░░░░░░░░░░░░░░░░ 33 %  me\n\x1b[2K10 ended | 0 active');
    expect(terminal[1]?.startsWith('\x1b[6A\r')).toBe(true);
    expect(terminal.at(-1)).toBe('\x1b[6A\r\x1b[0J');
  } finally {
    vi.useRealTimers();
  }
});
