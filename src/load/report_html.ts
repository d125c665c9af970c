import { escapeHtml, htmlTable } from './html_text.ts';
import { limitAnswer } from './limit_answer.ts';
import type { LoadReport } from './load_report.ts';
import type { LoadRun } from './load_run.ts';
import { OUTCOMES, type Outcome } from './outcome.ts';
import { REPORT_STYLE } from './report_style.ts';
import type { Spread } from './samples.ts';
import { activeChart, endedChart } from './svg_charts.ts';

const LATENCIES = [
  ['TTFT', 'first text minus start', 'ttft_ms'],
  ['TPOT', '(last minus first text) / (chunks - 1), per request', 'tpot_ms'],
  ['ICL', 'all gaps between chunks, pooled', 'icl_ms'],
  ['E2E', 'end minus start', 'e2e_ms'],
  ['TTFT once sent', 'service time', 'service_ttft_ms'],
  ['E2E once sent', 'service time', 'service_e2e_ms'],
  ['gap when resumed', 'last event before to first event after', 'resume_gap_ms'],
  ['time to refuse', 'of 429 and 503', 'refusal_ms'],
] as const satisfies [string, string, keyof LoadReport][];

/**
 * A run as one HTML file that needs nothing else: no script, no font, no request. It has both themes, and prints.
 * `null` where the run has no report yet.
 */
export function reportHtml(run: LoadRun): string | null {
  const { report, plan, name, snapshot } = run;
  if (report === null) return null;
  const series = snapshot?.series ?? [];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}: Weir load test</title>
<style>${REPORT_STYLE}</style>
<h1>${escapeHtml(name)}</h1>
<p class="muted">${escapeHtml(run.started_at)}, ${escapeHtml(plan.url)}, ${escapeHtml(planWords(run))}</p>
${verdict(report)}
<h2>Outcomes</h2>
<div class="scroll">${htmlTable(['outcome', 'requests', 'share'], outcomeRows(report))}</div>
<h2>Latencies, in milliseconds, of ok requests</h2>
<p class="muted">${plan.mode.kind === 'open' ? 'Open loop: from the scheduled start.' : 'Closed loop: service time.'} Grey: too few samples to mean much.</p>
<div class="scroll">${htmlTable(['', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'max', 'n'], latencyRows(report))}</div>
<h2>Instances</h2>
<div class="scroll">${htmlTable(['instance', 'requests', 'ok', 'share', 'chance allows', ''], shareRows(report))}</div>
${series.length > 1 ? `<h2>Streams in flight</h2>${activeChart(series)}<h2>Ended: <span class="ok">ok</span>, <span class="refused">refused (dashed)</span>, <span class="failed">failed (dotted)</span></h2>${endedChart(series)}` : ''}
${limitSection(report)}${errorSection(report)}
<h2>Plan</h2>
<pre>${escapeHtml(JSON.stringify(plan, null, 2))}</pre>
</html>
`;
}

function planWords({ plan: { mode, users } }: LoadRun): string {
  const of = users > 1 ? `, ${users} users` : '';
  if (mode.kind === 'open') return `open loop, ${mode.ratePerSecond}/s ${mode.arrivals}${of}`;
  if (mode.kind === 'find_limit') return `search for the limit from ${mode.startConcurrency}${of}`;
  return `closed loop, ${mode.concurrency} at once${of}`;
}

function verdict(report: LoadReport): string {
  const { outcomes, requests, streams_per_second: rate, good, via, self_check: check } = report;
  const answer = limitAnswer(report);
  const sentences = answer ? [`${answer.title}.`, answer.text] : [];
  sentences.push(`${outcomes.ok} of ${requests} requests ended well, ${rate.toFixed(1)} per second.`);
  if (good) sentences.push(`${good.count} met the SLO (${percent(good.share)}).`);
  if (via === 'direct' || via === 'mixed')
    sentences.push('Requests bypassed NGINX: these figures are not of the balancer.');
  for (const reason of check?.reasons ?? []) sentences.push(`Not to be trusted: ${reason}`);
  const isBad = via === 'direct' || via === 'mixed' || check?.ok === false;
  return `<p class="verdict${isBad ? ' bad' : ''}">${escapeHtml(sentences.join(' '))}</p>`;
}

function outcomeRows({ outcomes, requests }: LoadReport): string[][] {
  const shown = OUTCOMES.filter((outcome) => outcomes[outcome] > 0 || outcome === 'ok');
  return shown.map((outcome) => {
    const name = `<span class="${classOf(outcome)}">${outcome.replaceAll('_', ' ')}</span>`;
    return [name, whole(outcomes[outcome]), requests === 0 ? '-' : percent(outcomes[outcome] / requests)];
  });
}

function classOf(outcome: Outcome): string {
  if (outcome === 'ok') return 'ok';
  return outcome === '429' || outcome === '503' || outcome === 'not_sent' || outcome === 'cancelled'
    ? 'refused'
    : 'failed';
}

function latencyRows(report: LoadReport): string[][] {
  return LATENCIES.flatMap(([name, meaning, field]) => {
    const spread = report[field];
    return spread === null ? [] : [[`${name} <small class="muted">${meaning}</small>`, ...spreadCells(spread)]];
  });
}

function spreadCells({ n, p50, p90, p95, p99, p999, max }: Spread): string[] {
  const cell = (ms: number, needed = 0) => (n < needed ? `<span class="few">${figure(ms)}</span>` : figure(ms));
  return [cell(p50), cell(p90), cell(p95, 20), cell(p99, 100), cell(p999, 1000), cell(max), whole(n)];
}

function shareRows({ shares, instances }: LoadReport): string[][] {
  return shares.map(({ instance, requests, share, low, high, verdict: word }) => {
    const band = word === 'too_few' ? 'too few to tell' : `${percent(low)} to ${percent(high)}`;
    const ok = instances[instance]?.ok ?? 0;
    return [escapeHtml(instance), whole(requests), whole(ok), percent(share), band, word.replace('_', ' ')];
  });
}

function limitSection({ limit }: LoadReport): string {
  if (limit === null) return '';
  const rows = limit.steps.map((step) => [
    `${whole(step.concurrency)}${step.concurrency === limit.knee?.concurrency ? ' (the knee)' : ''}`,
    figure(step.goodput_per_second),
    step.ttft_p50_ms === null ? '-' : figure(step.ttft_p50_ms),
    step.ttft_p95_ms === null ? '-' : figure(step.ttft_p95_ms),
  ]);
  return `<h2>Steps to the limit</h2>${htmlTable(['streams at once', 'good per second', 'TTFT p50', 'TTFT p95'], rows)}`;
}

function errorSection({ errors }: LoadReport): string {
  if (errors.length === 0) return '';
  const rows = errors.slice(0, 20).map(({ count, outcome, code, message }) => {
    return [escapeHtml([code, message].filter(Boolean).join(': ') || outcome), escapeHtml(outcome), whole(count)];
  });
  return `<h2>What went wrong</h2><div class="scroll">${htmlTable(['', 'outcome', 'requests'], rows)}</div>`;
}

function figure(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** Throws for what is no number, as an imported report may hold. */
function whole(count: number): string {
  return count.toFixed(0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
