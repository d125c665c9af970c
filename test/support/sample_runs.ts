import type { UsageRow } from '../../src/formats/cluster/usage_row.ts';
import type { LoadRun } from '../../src/load/load_run.ts';
import { Summary } from '../../src/load/summary.ts';
import { loadPlan, loadRecord } from './load_plan.ts';

/** A finished run of 60 requests over three instances, the first `refused` of which got a 429. */
export function sampleRun(id: string, ttftMs: number, refused = 0): LoadRun {
  const plan = loadPlan({ concurrency: 10, requests: 60 });
  const summary = new Summary();
  summary.enter('measure', 0);
  const strip: LoadRun['strip'] = [];
  for (let index = 0; index < 60; index++) {
    const instance = `app-${(index % 3) + 1}`;
    const times = { startMs: index * 20, e2eMs: 2_000 + (index % 10), ttftMs: ttftMs + (index % 10), tpotMs: 20 };
    summary.start(index, times.startMs);
    const outcome = index < refused ? '429' : 'ok';
    summary.add(loadRecord({ index, instance, ...times, outcome, tokens: 100 }), [19, 20, 21]);
    strip.push({ instance, outcome });
  }
  summary.close(4_000);
  const head = { id, name: id, started_at: '2026-11-24T20:00:00Z', state: 'finished', engine: 'server' } as const;
  return { ...head, plan, report: summary.report(4_000), snapshot: summary.snapshot(4_000), strip };
}

/** A finding for each area of the path, one of them of each kind. */
export const SAMPLE_FINDINGS = [
  { id: 'page', area: 'page', status: 'ok', what: 'The page is served by the console.', why: '', fix: '' },
  { id: 'reach', area: 'nginx', status: 'ok', what: 'https://localhost answers.', why: '', fix: '' },
  {
    id: 'certificate',
    area: 'nginx',
    status: 'warn',
    what: 'Browsers do not trust https://localhost yet.',
    why: 'Weir signed it with its own certificate authority, which browsers do not know.',
    fix: './weir certs trust',
  },
  {
    id: 'instances',
    area: 'instances',
    status: 'fail',
    what: 'app-2 does not answer.',
    why: 'NGINX reaches two of three instances.',
    fix: './weir restart app-2',
  },
  { id: 'redis', area: 'redis', status: 'ok', what: 'Redis is connected.', why: '', fix: '' },
] as const;

/** A week of two keys, one of which has no price for its model. */
export const SAMPLE_USAGE = {
  from: '2026-11-19',
  to: '2026-11-25',
  key_names: { ab12cd34: 'alice', ef56ab78: 'nightly evaluation' },
  rows: [
    ['2026-11-20', 'ab12cd34', 'openai', 'gpt-5', 120, 4, 1, 48_000, 96_000, 2_100, 1.02],
    ['2026-11-23', 'ab12cd34', 'openai', 'smart', 310, 11, 3, 151_000, 240_000, 9_000, 2.589],
    ['2026-11-25', 'ab12cd34', 'anthropic', 'claude-sonnet-5', 42, 0, 0, 21_000, 33_000, 0, 0.0042],
    ['2026-11-25', 'ef56ab78', 'fake', 'demo', 30, 0, 3, 330, 3_000, 3_330, null],
  ].map(
    ([day, key, provider, model, ok, cancelled, failed, input_tokens, output_tokens, estimated_tokens, cost_usd]) => ({
      ...{ day, key, provider, model, ok, cancelled, failed, input_tokens, output_tokens, estimated_tokens, cost_usd },
      cached_input_tokens: (input_tokens as number) / 10,
    }),
  ) as UsageRow[],
};
