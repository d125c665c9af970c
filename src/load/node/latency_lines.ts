import type { LoadReport } from '../load_report.ts';
import type { Spread } from '../samples.ts';
import { milliseconds, pad, right, type Style } from './text_cells.ts';

/** Below so many values a percentile says nothing. */
const NEEDED = { p95: 20, p99: 100, p999: 1000 };

/** The latencies of a report, a line each, with what they count from. */
export function latencyLines(report: LoadReport, style: Style): string[] {
  const head = ['p50', 'p90', 'p95', 'p99', 'p99.9', 'max', 'n'].map((name) => right(name, 9)).join('');
  const isOpen = report.service_e2e_ms !== null;
  const rows: [name: string, spread: Spread | null, isAlways?: boolean][] = [
    ['TTFT (first text)', report.ttft_ms, true],
    ['TPOT (per chunk)', report.tpot_ms],
    ['ICL (all gaps)', report.icl_ms],
    ['E2E (whole answer)', report.e2e_ms, true],
    ['TTFT once sent', report.service_ttft_ms],
    ['E2E once sent', report.service_e2e_ms],
    ['gap when resumed', report.resume_gap_ms],
    ['time to refuse', report.refusal_ms],
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
