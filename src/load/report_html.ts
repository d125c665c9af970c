import { limitAnswer } from './limit_report.ts';
import type { LoadReport } from './load_report.ts';
import type { LoadRun } from './load_run.ts';
import { OUTCOMES, type Outcome } from './outcome.ts';
import type { Spread } from './samples.ts';
import type { SeriesPoint } from './time_series.ts';

const LATENCIES = [
  ['TTFT', 'first text minus start', 'ttft_ms'],
  ['TPOT', '(last minus first text) / (chunks - 1), per request', 'tpot_ms'],
  ['ICL', 'all gaps between chunks', 'icl_ms'],
  ['E2E', 'end minus start', 'e2e_ms'],
  ['TTFT from send', 'service time', 'service_ttft_ms'],
  ['E2E from send', 'service time', 'service_e2e_ms'],
  ['resume gap', 'last event before to first event after', 'resume_gap_ms'],
  ['time to refusal', 'of 429 and 503', 'refusal_ms'],
] as const satisfies [string, string, keyof LoadReport][];

/**
 * A run as one self-contained HTML file, without scripts, fonts or requests, in both themes and for print.
 * @returns null if the run has no report yet
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
<p class="muted">${plan.mode.kind === 'open' ? 'Open loop: from the scheduled start.' : 'Closed loop: service time.'} Grey: too few samples.</p>
<div class="scroll">${htmlTable(['', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'max', 'n'], latencyRows(report))}</div>
<h2>Instances</h2>
<div class="scroll">${htmlTable(['instance', 'requests', 'ok', 'share', 'expected range', ''], shareRows(report))}</div>
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
  return `closed loop, ${mode.concurrency} concurrent${of}`;
}

function verdict(report: LoadReport): string {
  const { outcomes, requests, streams_per_second: rate, good, via, self_check: check } = report;
  const answer = limitAnswer(report);
  const sentences = answer ? [`${answer.title}.`, answer.text] : [];
  sentences.push(`${outcomes.ok} of ${requests} requests succeeded, ${rate.toFixed(1)} per second.`);
  if (good) sentences.push(`${good.count} met the SLO (${percent(good.share)}).`);
  if (via === 'direct' || via === 'mixed')
    sentences.push('Requests bypassed NGINX, so these figures do not measure the balancer.');
  for (const reason of check?.reasons ?? []) sentences.push(`Unreliable figures: ${reason}`);
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
    const band = word === 'too_few' ? 'too few requests' : `${percent(low)} to ${percent(high)}`;
    const ok = instances[instance]?.ok ?? 0;
    return [escapeHtml(instance), whole(requests), whole(ok), percent(share), band, word.replace('_', ' ')];
  });
}

function limitSection({ limit }: LoadReport): string {
  if (limit === null) return '';
  const rows = limit.steps.map((step) => [
    `${whole(step.concurrency)}${step.concurrency === limit.knee?.concurrency ? ' (best)' : ''}`,
    figure(step.goodput_per_second),
    step.ttft_p50_ms === null ? '-' : figure(step.ttft_p50_ms),
    step.ttft_p95_ms === null ? '-' : figure(step.ttft_p95_ms),
  ]);
  return `<h2>Steps to the limit</h2>${htmlTable(['concurrent streams', 'good per second', 'TTFT p50', 'TTFT p95'], rows)}`;
}

function errorSection({ errors }: LoadReport): string {
  if (errors.length === 0) return '';
  const rows = errors.slice(0, 20).map(({ count, outcome, code, message }) => {
    return [escapeHtml([code, message].filter(Boolean).join(': ') || outcome), escapeHtml(outcome), whole(count)];
  });
  return `<h2>Errors</h2><div class="scroll">${htmlTable(['', 'outcome', 'requests'], rows)}</div>`;
}

function figure(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** Throws for values that are not numbers, which an imported report may contain. */
function whole(count: number): string {
  return count.toFixed(0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const WIDTH = 720;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 8;

/** A line of a chart; `name` is also its class. */
interface Line {
  name: string;
  value: (point: SeriesPoint) => number;
}

/** Streams in flight over time, as SVG text. */
export function activeChart(series: readonly SeriesPoint[]): string {
  return lineChart('Streams in flight over time', series, [{ name: 'active', value: ({ active }) => active }]);
}

/** Ended requests by outcome over time, as SVG text. */
export function endedChart(series: readonly SeriesPoint[]): string {
  return lineChart('Requests ended over time', series, [
    { name: 'ok', value: ({ ok }) => ok },
    { name: 'refused', value: ({ refused }) => refused },
    { name: 'failed', value: ({ failed }) => failed },
  ]);
}

function lineChart(title: string, series: readonly SeriesPoint[], lines: readonly Line[]): string {
  const endMs = Math.max(1, series.at(-1)?.t_ms ?? 1);
  const top = roundUp(Math.max(1, ...series.flatMap((point) => lines.map(({ value }) => value(point)))));
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - 8);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.5, 1].map((part) => {
    const at = y(top * part).toFixed(1);
    const label = `<text x="${LEFT - 6}" y="${at}" dy="4" text-anchor="end">${top * part}</text>`;
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="${at}" y2="${at}"/>${label}`;
  });
  const ends = `<text x="${LEFT}" y="${HEIGHT - 6}">0 s</text><text x="${WIDTH - 8}" y="${HEIGHT - 6}" text-anchor="end">${(endMs / 1000).toFixed(1)} s</text>`;
  const paths = lines.map(({ name, value }) => {
    const points = series.map((point) => `${x(point.t_ms).toFixed(1)},${y(value(point)).toFixed(1)}`);
    return `<polyline class="line ${name}" points="${points.join(' ')}"/>`;
  });
  return `<svg role="img" aria-label="${escapeHtml(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${grid.join('')}${ends}${paths.join('')}</svg>`;
}

/** Rounds up to 1, 2, 5 or 10 times a power of ten; even, so that its half is a whole number too. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value)! * power;
  return Math.max(2, step === 5 ? 6 : step);
}

/** Escapes a text for HTML, also within quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A table; the first column is text, the others are right-aligned. Cells are HTML. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: 'th' | 'td') => row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
  return `<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

/** Style sheet of the report, for both themes and print. Colours always come with words. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --muted: #596273; --paper: #fff; --rule: #d9dee6;
  --ok: #16794c; --refused: #96610a; --failed: #b3261e; --accent: #2459b3 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --muted: #9aa5b5; --paper: #12161d; --rule: #2b3340;
  --ok: #4ec38a; --refused: #e0a94a; --failed: #f2837b; --accent: #7fb0ff } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 60rem; padding: 2rem 1rem; font-variant-numeric: tabular-nums }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 } .muted { color: var(--muted) } .scroll { overflow-x: auto }
.verdict { font-size: 1.1rem; margin: 1rem 0; padding: .75rem 1rem; border-left: 4px solid var(--accent) }
.verdict.bad { border-color: var(--failed) }
table { border-collapse: collapse; width: 100% } th { font-weight: 600; color: var(--muted) }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child { text-align: left }
svg { width: 100%; height: auto } svg text { fill: var(--muted); font-size: 11px }
.grid { stroke: var(--rule) } .line { fill: none; stroke-width: 2; stroke: var(--accent) }
.line.ok { stroke: var(--ok) } .line.refused { stroke: var(--refused); stroke-dasharray: 6 3 }
.line.failed { stroke: var(--failed); stroke-dasharray: 2 2 }
.ok { color: var(--ok) } .refused { color: var(--refused) } .failed { color: var(--failed) }
.few { color: var(--muted) } pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px }
@media print { :root { --ink: #000; --paper: #fff; --muted: #444; --rule: #bbb; --ok: #16794c; --refused: #96610a;
  --failed: #b3261e; --accent: #2459b3 } body { max-width: none; padding: 0 } h2, table, svg { break-inside: avoid } }
`;
