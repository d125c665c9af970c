import type { LoadReport } from '../load_report.ts';
import { OUTCOMES, type Outcome } from '../outcome.ts';
import type { Spread } from '../samples.ts';

/** Wraps a text in a terminal style; the identity where there are no colours. */
export type Style = (format: 'bold' | 'dim' | 'green' | 'yellow' | 'red', text: string) => string;

const BAR_WIDTH = 24;
const NAMES: Partial<Record<Outcome, string>> = {
  '429': '429 too many',
  '503': '503 unavailable',
  '502': '502 bad gateway',
  '504': '504 gateway timeout',
};
const ALWAYS = new Set<Outcome>(['ok', 'truncated', '429', '503']);

/** The report for people: outcomes, instances with their shares, latencies, path. */
export function reportTable(report: LoadReport, style: Style): string {
  const lines = [
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

function instanceLines({ instances, requests }: LoadReport, style: Style): string[] {
  const rows = Object.entries(instances);
  const width = Math.max(10, ...rows.map(([id]) => id.length + 2));
  const lines = [
    style('bold', `${pad('Instances', width + 2)}${right('requests', 9)}${right('ok', 7)}${right('share', 8)}`),
  ];
  if (rows.length === 0) return [...lines, style('dim', '  no answer named its instance')];
  for (const [id, counts] of rows) {
    const bar = '█'.repeat(Math.round((counts.requests / requests) * BAR_WIDTH));
    const row = `  ${pad(id, width)}${right(counts.requests, 9)}${right(counts.ok, 7)}${right(percent(counts.requests, requests), 8)}`;
    lines.push(`${row}  ${style('green', bar)}`);
  }
  return lines;
}

function latencyLines(report: LoadReport, style: Style): string[] {
  const head = ['p50', 'p90', 'p95', 'p99', 'max', 'n'].map((name) => right(name, 9)).join('');
  return [
    style('bold', `${pad('Milliseconds', 22)}${head}`),
    latencyLine('TTFT (first text)', report.ttft_ms),
    latencyLine('E2E (whole answer)', report.e2e_ms),
    ...(report.resume_gap_ms ? [latencyLine('gap when resumed', report.resume_gap_ms)] : []),
    ...(report.refusal_ms ? [latencyLine('time to refuse', report.refusal_ms)] : []),
  ];
}

function latencyLine(name: string, spread: Spread | null): string {
  if (spread === null) return `  ${pad(name, 20)}${right('no sample', 9)}`;
  const times = [spread.p50, spread.p90, spread.p95, spread.p99, spread.max].map((ms) => right(milliseconds(ms), 9));
  return `  ${pad(name, 20)}${times.join('')}${right(spread.n, 9)}`;
}

function closingLines(report: LoadReport, style: Style): string[] {
  const { requests, duration_ms: ms, streams_per_second: rate, tokens, via, resumed } = report;
  const lines = [`${requests} requests in ${(ms / 1000).toFixed(1)} s, ${rate.toFixed(1)} streams/s, ${tokens} tokens`];
  if (resumed !== null) lines.push(`resumed: ${resumed} streams lost their connection and still came whole`);
  if (via === 'nginx') lines.push(style('green', 'via nginx: every answer came through the balancer'));
  if (via === 'direct') lines.push(style('yellow', 'via direct: these requests bypassed NGINX and are not balanced'));
  if (via === 'mixed') lines.push(style('yellow', 'via mixed: some of these requests bypassed NGINX'));
  return lines;
}

function colourOf(outcome: Outcome): 'green' | 'yellow' | 'red' {
  if (outcome === 'ok') return 'green';
  return outcome === '429' || outcome === '503' || outcome === 'cancelled' ? 'yellow' : 'red';
}

function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`;
}

function pad(text: string, width: number): string {
  return text.padEnd(width);
}

function right(value: string | number, width: number): string {
  return String(value).padStart(width);
}
