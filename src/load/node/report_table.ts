import { limitAnswer } from '../limit_answer.ts';
import type { LoadReport } from '../load_report.ts';
import { OUTCOMES, type Outcome } from '../outcome.ts';
import type { SelfCheck } from '../self_check.ts';
import type { InstanceShare } from '../shares.ts';
import { latencyLines } from './latency_lines.ts';
import { limitLines } from './limit_lines.ts';
import { milliseconds, pad, percent, right, type Style } from './text_cells.ts';

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

/** Of a search for the limit: what was searched for stands first. */
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
  if (shares.length === 0) return [...lines, style('dim', '  no answer named its instance')];
  for (const { instance, requests: got, share, verdict } of shares) {
    const bar = '█'.repeat(Math.round(share * BAR_WIDTH));
    const row = `  ${pad(instance, width)}${right(got, 9)}${right(instances[instance]?.ok ?? 0, 7)}${right(percent(got, requests), 8)}`;
    lines.push(`${row}  ${style(verdict === 'uneven' ? 'yellow' : 'green', bar)}`);
  }
  return [...lines, style('dim', `  ${bandSentence(shares, imbalance ?? 0)}`)];
}

function bandSentence(shares: InstanceShare[], imbalance: number): string {
  const [{ low, high, verdict }] = shares as [InstanceShare];
  if (shares.length === 1) return 'one instance only: nothing to balance';
  if (verdict === 'too_few') return 'too few requests to tell whether that is even';
  const band = `chance allows ${percent(low, 1)} to ${percent(high, 1)}`;
  const uneven = shares.filter((share) => share.verdict === 'uneven').map(({ instance }) => instance);
  const words = uneven.length === 0 ? 'even' : `uneven (${uneven.join(', ')})`;
  return `${words}: ${band}; imbalance ${percent(imbalance, 1)}`;
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
  if (resumed !== null) lines.push(`resumed: ${resumed} streams lost their connection and still came whole`);
  if (via === 'nginx') lines.push(style('green', 'via nginx: every answer came through the balancer'));
  if (via === 'direct') lines.push(style('yellow', 'via direct: these requests bypassed NGINX and are not balanced'));
  if (via === 'mixed') lines.push(style('yellow', 'via mixed: some of these requests bypassed NGINX'));
  const check = report.self_check;
  if (check?.ok) lines.push(style('dim', `self-check: the generator kept up${selfFigures(check)}`));
  for (const reason of check?.reasons ?? []) lines.push(style('red', `not to be trusted: ${reason}`));
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
