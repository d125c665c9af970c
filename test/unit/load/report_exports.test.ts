import { describe, expect, it } from 'vitest';
import type { LoadRun } from '../../../src/load/load_run.ts';
import { reportHtml } from '../../../src/load/report_html.ts';
import { CSV_HEAD, csvLine, RunRecorder } from '../../../src/load/run_recorder.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadPlan, loadRecord } from '../../support/load_plan.ts';

function someRun(): LoadRun {
  const summary = new Summary({ slo: { ttftMs: 200, tpotMs: 50 } });
  for (let index = 0; index < 30; index++) {
    summary.start(index, index * 100);
    summary.add(loadRecord({ index, startMs: index * 100, instance: `app-${index % 3}` }), [3, 4]);
  }
  summary.add(loadRecord({ index: 30, outcome: '429', status: 429, message: '<script>alert(1)</script>' }));
  const plan = loadPlan({ prompt: '</pre><img src=x onerror=alert(1)>' });
  const names = { id: 'r', name: 'a <b> "run"', started_at: '2026-11-24T22:00:00Z' };
  const snapshot = summary.snapshot();
  return { ...names, state: 'finished', engine: 'cli', plan, report: summary.report(), snapshot, strip: [] };
}

describe('the report as a page', () => {
  const html = reportHtml(someRun())!;

  it('shows outcomes, latencies, shares with their band, and both charts', () => {
    for (const text of ['30 of 31 requests', 'met the SLO', 'app-2', 'expected range', 'Plan'])
      expect(html).toContain(text);
    expect(html.match(/<svg role="img" aria-label/g)).toHaveLength(2);
    expect(html).toMatch(/<polyline class="line ok" points="[\d., ]+"/);
  });

  it('needs nothing from anywhere, and has both themes and a form for paper', () => {
    expect(html).not.toMatch(/<[^>]*(src|href)=|url\(|@import|<script/);
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html).toContain('@media print');
  });

  it('takes no text for markup', () => {
    expect(html).not.toMatch(/<img|<b>|<script/);
    expect(html).toContain('a &#60;b&#62; &#34;run&#34;');
  });

  it('is none while there is no report', () => {
    expect(reportHtml({ ...someRun(), report: null })).toBeNull();
  });

  it('is refused where an imported report has text for numbers', () => {
    const run = someRun();
    run.report!.outcomes.ok = '<img src=x>' as unknown as number;
    expect(() => reportHtml(run)).toThrow();
  });
});

describe('the requests as CSV', () => {
  it('have a cell for each column, quoted where they must be', () => {
    const line = csvLine(loadRecord({ threadId: 'a,"b"', code: null, e2eMs: 12.34567 }));
    expect(line.split(',').length).toBeGreaterThan(CSV_HEAD.split(',').length);
    expect(line).toContain('"a,""b"""');
    expect(line).toContain(',12.346,');
    expect(csvLine(loadRecord()).split(',')).toHaveLength(CSV_HEAD.split(',').length);
  });

  it('are no formulas', () => {
    expect(csvLine(loadRecord({ instance: '=HYPERLINK(1)' }))).toContain(",'=HYPERLINK(1),");
  });
});

describe('the recorder', () => {
  it('keeps the first 200 in order of start, whatever the order in which they are heard of', () => {
    const recorder = new RunRecorder();
    recorder.head(2, 'app-3');
    recorder.add(loadRecord({ index: 0, instance: 'app-1' }));
    recorder.add(loadRecord({ index: 400 }));
    expect(recorder.strip()).toEqual([
      { instance: 'app-1', outcome: 'ok' },
      { instance: null, outcome: null },
      { instance: 'app-3', outcome: null },
    ]);
  });

  it('keeps a bounded number of lines', () => {
    const recorder = new RunRecorder(2);
    for (let index = 0; index < 5; index++) recorder.add(loadRecord({ index }));
    expect(recorder.csv().trim().split('\r\n')).toHaveLength(3);
  });
});
