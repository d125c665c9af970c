import type { LoadPlan } from '../load_plan.ts';
import type { LoadSnapshot } from '../load_report.ts';
import type { Spread } from '../samples.ts';
import { milliseconds } from './report_table.ts';

const BAR_WIDTH = 30;
const PHASE_WORDS = { warmup: 'warm-up', measure: 'measuring', drain: 'draining' };
const MAX_INSTANCES = 16;

/** The progress of a run in one line. */
export function progressLine(snapshot: LoadSnapshot, { mode }: Pick<LoadPlan, 'mode'>): string {
  const total = 'requests' in mode ? ` of ${mode.requests}` : ' requests';
  return [
    `${(snapshot.elapsed_ms / 1000).toFixed(1)} s`,
    `${snapshot.requests}${total}`,
    `${snapshot.active} active`,
    ...counts(snapshot),
  ].join(' | ');
}

/** The progress of a run for a terminal: phase, counts, latencies, a bar for each instance. */
export function liveLines(snapshot: LoadSnapshot, plan: LoadPlan): string[] {
  const progress = progressOf(plan, snapshot);
  const steps = snapshot.limit?.steps ?? [];
  const last = steps.at(-1);
  const share = progress === null ? '' : `${bar(progress)} ${Math.round(progress * 100)} %  `;
  const phase = snapshot.phase in PHASE_WORDS ? PHASE_WORDS[snapshot.phase] : snapshot.phase;
  return [
    `${share}${phase}, ${(snapshot.elapsed_ms / 1000).toFixed(1)} s`,
    `${snapshot.requests} ended | ${snapshot.active} active | ${counts(snapshot).join(' | ')}`,
    `${snapshot.streams_per_second.toFixed(1)} streams/s${goodput(snapshot)}`,
    `TTFT ${spreadText(snapshot.ttft_ms)}   E2E ${spreadText(snapshot.e2e_ms)}`,
    ...(last ? [`step ${steps.length}: ${last.concurrency} streams gave ${last.goodput_per_second} /s`] : []),
    ...instanceLines(snapshot),
  ];
}

function counts({ outcomes, requests }: LoadSnapshot): string[] {
  const { ok, '429': tooMany, '503': unavailable, cancelled, not_sent: notSent } = outcomes;
  const refused = tooMany + unavailable;
  const failed = requests - ok - refused - cancelled - notSent;
  return [`${ok} ok`, `${refused} refused`, `${failed} failed`, ...(notSent > 0 ? [`${notSent} not sent`] : [])];
}

function goodput({ good }: LoadSnapshot): string {
  return good === null ? '' : `, ${good.per_second.toFixed(1)} good (${Math.round(good.share * 100)} %)`;
}

function spreadText(spread: Spread | null): string {
  return spread === null ? '-' : `p50 ${milliseconds(spread.p50)}  p95 ${milliseconds(spread.p95)} ms`;
}

function instanceLines(snapshot: LoadSnapshot): string[] {
  const { shares, active_by_instance: active } = snapshot;
  return shares.slice(0, MAX_INSTANCES).map(({ instance, requests, share }) => {
    return `${instance.padEnd(10)} ${bar(share)} ${`${requests}`.padStart(7)} ended ${`${active[instance] ?? 0}`.padStart(5)} active`;
  });
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

/** Output of the progress. A terminal is redrawn; other outputs get one line per second. */
export interface ProgressOutput {
  isTTY?: boolean;
  columns?: number;
  write: (text: string) => unknown;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 1000;
const CLEAR_LINE = '\x1b[2K';

/** The progress as one line for pipes, and as several lines for a terminal. */
export interface ProgressView {
  line: () => string;
  lines: () => string[];
}

/** Shows the view repeatedly. @returns ends that */
export function liveProgress(output: ProgressOutput, view: ProgressView): () => void {
  if (output.isTTY !== true) {
    const timer = setInterval(() => output.write(`${view.line()}\n`), PLAIN_MS);
    return () => clearInterval(timer);
  }
  let shown = 0;
  const back = () => (shown > 1 ? `\x1b[${shown - 1}A\r` : '\r');
  const show = () => {
    // Wrapped lines could not be redrawn.
    const lines = view.lines().map((line) => line.slice(0, (output.columns || 80) - 1));
    // Clears lines of a longer previous view.
    while (lines.length < shown) lines.push('');
    output.write(back() + lines.map((line) => CLEAR_LINE + line).join('\n'));
    shown = lines.length;
  };
  const timer = setInterval(show, TERMINAL_MS);
  return () => {
    clearInterval(timer);
    if (shown > 0) output.write(`${back()}\x1b[0J`);
  };
}

/** Progress of a run, 0 to 1; null for a search, whose end is unknown. */
export function progressOf({ mode, warmupMs }: LoadPlan, snapshot: LoadSnapshot): number | null {
  if (mode.kind === 'find_limit') return null;
  if ('requests' in mode) return Math.min(1, snapshot.requests / mode.requests);
  return Math.min(1, snapshot.elapsed_ms / (warmupMs + mode.durationMs));
}
