import type { LoadPlan } from '../load_plan.ts';
import type { LoadSnapshot } from '../load_report.ts';

/** Where progress goes; a terminal has one line rewritten, anything else gets a line a second. */
export interface ProgressOutput {
  isTTY?: boolean;
  columns?: number;
  write: (text: string) => unknown;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 1000;

/** One line on a run that goes on. */
export function progressLine(snapshot: LoadSnapshot, { mode }: Pick<LoadPlan, 'mode'>): string {
  const { ok, '429': tooMany, '503': unavailable, cancelled } = snapshot.outcomes;
  const refused = tooMany + unavailable;
  const total = 'requests' in mode ? ` of ${mode.requests}` : ' requests';
  const failed = snapshot.requests - ok - refused - cancelled;
  return [
    `${(snapshot.duration_ms / 1000).toFixed(1)} s`,
    `${snapshot.requests}${total}`,
    `${snapshot.active} active`,
    `${ok} ok`,
    `${refused} refused`,
    `${failed} failed`,
  ].join(' | ');
}

/** Shows `line()` again and again until the function that it gives is called. */
export function liveProgress(output: ProgressOutput, line: () => string): () => void {
  const terminal = output.isTTY === true;
  const show = () => {
    if (!terminal) output.write(`${line()}\n`);
    // A line that wraps could not be rewritten.
    else output.write(`\r\x1b[2K${line().slice(0, (output.columns ?? 80) - 1)}`);
  };
  const timer = setInterval(show, terminal ? TERMINAL_MS : PLAIN_MS);
  return () => {
    clearInterval(timer);
    if (terminal) output.write('\r\x1b[2K');
  };
}
