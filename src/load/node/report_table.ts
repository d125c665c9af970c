import type { ComparisonRow } from '../compare_reports.ts';
import { limitAnswer } from '../limit_report.ts';
import type { LoadReport } from '../load_report.ts';
import { OUTCOMES, type Outcome } from '../outcome.ts';
import type { Spread } from '../samples.ts';
import type { SelfCheck } from '../self_check.ts';
import type { InstanceShare } from '../shares.ts';

const BAR_WIDTH = 24;
const NAMES: Partial<Record<Outcome, string>> = {
  '429': '429 too many',
  '503': '503 unavailable',
  '502': '502 bad gateway',
  '504': '504 gateway timeout',
};
const ALWAYS = new Set<Outcome>(['ok', 'truncated', '429', '503']);

/** The report as text: outcomes, instances with their shares, latencies, path. */
export function reportTable(report: LoadReport, style: Style): string {
  const lines = [
    ...answerLines(report, style),
    ...outcomeLines(report, style),
    '',
    ...instanceLines(report, style),
    '',
    ...latencyLines(report, style),
    '',
    ...closingLines(report, style),
  ];
  return `${lines.join('\n')}\n`;
}

/** The result of a search for the limit. */
function answerLines(report: LoadReport, style: Style): string[] {
  const answer = limitAnswer(report);
  return answer === null ? [] : [style('bold', answer.title), `  ${answer.text}`, ''];
}

function outcomeLines({ outcomes, requests, errors }: LoadReport, style: Style): string[] {
  const lines = [style('bold', 'Outcomes')];
  for (const outcome of OUTCOMES) {
    const count = outcomes[outcome];
    if (count === 0 && !ALWAYS.has(outcome)) continue;
    const row = `  ${pad(NAMES[outcome] ?? outcome.replaceAll('_', ' '), 20)}${right(count, 7)}${right(percent(count, requests), 8)}`;
    lines.push(count === 0 ? style('dim', row) : style(colourOf(outcome), row));
  }
  for (const { count, code, message } of errors.slice(0, 5)) {
    lines.push(style('dim', `  ${count} x ${[code, message].filter(Boolean).join(': ') || 'no reason given'}`));
  }
  return lines;
}

function instanceLines({ instances, shares, imbalance, requests }: LoadReport, style: Style): string[] {
  const width = Math.max(10, ...shares.map(({ instance }) => instance.length + 2));
  const lines = [
    style('bold', `${pad('Instances', width + 2)}${right('requests', 9)}${right('ok', 7)}${right('share', 8)}`),
  ];
  if (shares.length === 0) return [...lines, style('dim', '  no response named its instance')];
  for (const { instance, requests: got, share, verdict } of shares) {
    const bar = '█'.repeat(Math.round(share * BAR_WIDTH));
    const row = `  ${pad(instance, width)}${right(got, 9)}${right(instances[instance]?.ok ?? 0, 7)}${right(percent(got, requests), 8)}`;
    lines.push(`${row}  ${style(verdict === 'uneven' ? 'yellow' : 'green', bar)}`);
  }
  return [...lines, style('dim', `  ${bandSentence(shares, imbalance ?? 0)}`)];
}

function bandSentence(shares: InstanceShare[], imbalance: number): string {
  const [{ low, high, verdict }] = shares as [InstanceShare];
  if (shares.length === 1) return 'one instance: nothing to balance';
  if (verdict === 'too_few') return 'too few requests to judge the balance';
  const range = `expected range ${percent(low, 1)} to ${percent(high, 1)}`;
  const uneven = shares.filter((share) => share.verdict === 'uneven').map(({ instance }) => instance);
  const words = uneven.length === 0 ? 'even' : `uneven (${uneven.join(', ')})`;
  return `${words}; ${range}; imbalance ${percent(imbalance, 1)}`;
}

function closingLines(report: LoadReport, style: Style): string[] {
  const { requests, duration_ms: ms, streams_per_second: rate, tokens, via, resumed } = report;
  const lines = [`${requests} requests in ${(ms / 1000).toFixed(1)} s, ${rate.toFixed(1)} streams/s, ${tokens} tokens`];
  if (report.good) {
    const { count, per_second: perSecond, share } = report.good;
    lines.push(
      `goodput: ${count} requests met the SLO, ${perSecond.toFixed(1)}/s, ${percent(share, 1)} of all attempts`,
    );
  }
  lines.push(...limitLines(report));
  if (resumed !== null)
    lines.push(`resumed: ${resumed} ${resumed === 1 ? 'stream' : 'streams'} changed connections and still completed`);
  if (via === 'nginx') lines.push(style('green', 'via nginx: all responses came through the balancer'));
  if (via === 'direct') lines.push(style('yellow', 'via direct: these requests bypassed NGINX and are not balanced'));
  if (via === 'mixed') lines.push(style('yellow', 'via mixed: some of these requests bypassed NGINX'));
  const check = report.self_check;
  if (check?.ok) lines.push(style('dim', `self-check: the generator kept up${selfFigures(check)}`));
  for (const reason of check?.reasons ?? []) lines.push(style('red', `unreliable figures: ${reason}`));
  return lines;
}

function selfFigures({ schedule_lag_ms: lag, cpu_share: cpu }: SelfCheck): string {
  const figures = [
    ...(lag === null ? [] : [`${milliseconds(lag)} ms late (p99)`]),
    ...(cpu === null ? [] : [`${percent(cpu, 1)} of a core`]),
  ];
  return figures.length === 0 ? '' : ` (${figures.join(', ')})`;
}

function colourOf(outcome: Outcome): 'green' | 'yellow' | 'red' {
  if (outcome === 'ok') return 'green';
  return outcome === '429' || outcome === '503' || outcome === 'cancelled' || outcome === 'not_sent' ? 'yellow' : 'red';
}

const UNITS: Record<ComparisonRow['unit'], string> = { ms: ' ms', '1/s': '/s', share: ' %', count: '' };

/** Two runs side by side as text. */
export function comparisonTable(rows: readonly ComparisonRow[], a: string, b: string, style: Style): string {
  const lines = rows.map(({ metric, unit, a: of, b: to, better, note }) => {
    const row = `  ${pad(metric, 18)}${right(comparedCell(of, unit), 14)}${right(comparedCell(to, unit), 14)}   ${note}`;
    if (better === 'none' || better === 'unclear') return style('dim', row);
    return style(better === 'b' ? 'green' : 'red', row);
  });
  const head = style('bold', `${pad('Comparison', 20)}${right('A', 14)}${right('B', 14)}`);
  return `${[`A: ${a}`, `B: ${b}`, head, ...lines].join('\n')}\n`;
}

function comparedCell(value: number | null, unit: ComparisonRow['unit']): string {
  if (value === null) return '-';
  const number = unit === 'count' ? String(value) : milliseconds(unit === 'share' ? value * 100 : value);
  return number + UNITS[unit];
}

/** Number of samples that each percentile needs. */
const NEEDED = { p95: 20, p99: 100, p999: 1000 };

/** The latencies of a report, one line each. */
export function latencyLines(report: LoadReport, style: Style): string[] {
  const head = ['p50', 'p90', 'p95', 'p99', 'p99.9', 'max', 'n'].map((name) => right(name, 9)).join('');
  const isOpen = report.service_e2e_ms !== null;
  const rows: [name: string, spread: Spread | null, isAlways?: boolean][] = [
    ['TTFT (first text)', report.ttft_ms, true],
    ['TPOT (per chunk)', report.tpot_ms],
    ['ICL (all gaps)', report.icl_ms],
    ['E2E (whole answer)', report.e2e_ms, true],
    ['TTFT from send', report.service_ttft_ms],
    ['E2E from send', report.service_e2e_ms],
    ['resume gap', report.resume_gap_ms],
    ['time to refusal', report.refusal_ms],
  ];
  return [
    style('bold', `${pad('Milliseconds', 22)}${head}`),
    ...rows
      .filter(([, spread, isAlways]) => spread || isAlways)
      .map(([name, spread]) => latencyLine(name, spread, style)),
    style('dim', `  ${isOpen ? 'from the scheduled start (open loop)' : 'service time (closed loop)'}, of ok requests`),
  ];
}

function latencyLine(name: string, spread: Spread | null, style: Style): string {
  if (spread === null) return `  ${pad(name, 20)}${right('no sample', 9)}`;
  const { n } = spread;
  const cell = (ms: number, needed: number) => {
    const text = right(milliseconds(ms), 9);
    return n < needed ? style('dim', text) : text;
  };
  const times = [
    cell(spread.p50, 0),
    cell(spread.p90, 0),
    cell(spread.p95, NEEDED.p95),
    cell(spread.p99, NEEDED.p99),
    cell(spread.p999, NEEDED.p999),
    cell(spread.max, 0),
  ];
  return `  ${pad(name, 20)}${times.join('')}${right(n, 9)}`;
}

/** The steps of a search for the limit; empty for other runs. */
export function limitLines({ limit }: LoadReport): string[] {
  if (limit === null) return [];
  const rows = limit.steps.map((step) => {
    const { concurrency, goodput_per_second: goodput, ttft_p50_ms: p50, ttft_p95_ms: p95, ok, requests } = step;
    const mark = limit.knee?.concurrency === concurrency ? '  <- best' : '';
    const ttft =
      p50 === null || p95 === null ? 'no TTFT' : `TTFT p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)} ms`;
    return `  ${right(concurrency, 6)} streams  ${right(goodput.toFixed(1), 9)}/s  ${ttft}, ${ok} of ${requests} ok${mark}`;
  });
  return ['steps to the limit:', ...rows];
}

/** Wraps a text in a terminal style; the identity without colours. */
export type Style = (format: 'bold' | 'dim' | 'green' | 'yellow' | 'red', text: string) => string;

/** Three digits without a unit. */
export function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`;
}

export function pad(text: string, width: number): string {
  return text.padEnd(width);
}

export function right(value: string | number, width: number): string {
  return String(value).padStart(width);
}
