import { type LoadPlan, type LoadSnapshot, type RunHead, TIME_LOCALE } from '../api.ts';
import { formatCount, formatSeconds } from './format.ts';

/** A plan in a few words, such as `10 concurrent, 30 requests`. */
export function planWords({ mode, target }: LoadPlan): string {
  const alone = target?.kind === 'instance' ? `, ${target.name} only` : '';
  if (mode.kind === 'open') {
    const arrivals = mode.arrivals === 'poisson' ? ' (Poisson)' : '';
    return `${mode.ratePerSecond}/s${arrivals}, ${formatSeconds(mode.durationMs)}${alone}`;
  }
  if (mode.kind === 'find_limit') return `find the limit${alone}`;
  const amount = 'requests' in mode ? `${formatCount(mode.requests)} requests` : formatSeconds(mode.durationMs);
  return `${formatCount(mode.concurrency)} concurrent, ${amount}${alone}`;
}

/** `24 Nov, 22:41:05`, in the user's time zone. */
const WHEN = new Intl.DateTimeFormat(TIME_LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

export const startedWords = ({ started_at }: RunHead): string => WHEN.format(new Date(started_at));

/** The selected runs after one more click: a third run replaces the older selection. */
export function choose(chosen: readonly string[], id: string): string[] {
  if (chosen.includes(id)) return chosen.filter((other) => other !== id);
  return [...chosen, id].slice(-2);
}

export interface Phase {
  name: string;
  state: 'done' | 'now' | 'next';
}

export interface Progress {
  /** 0 to 1; null if the end is not known in advance. */
  share: number | null;
  words: string;
  phases: Phase[];
}

const PHASE_NAMES = { warmup: 'Warm-up', measure: 'Measure', drain: 'Drain' } as const;

/** Progress of a run: its phases, and the share that is done. */
export function progressOf({ mode, warmupMs }: LoadPlan, snapshot: LoadSnapshot | null, ended: boolean): Progress {
  const order = warmupMs > 0 ? (['warmup', 'measure', 'drain'] as const) : (['measure', 'drain'] as const);
  const at = ended ? order.length : order.findIndex((name) => name === (snapshot?.phase ?? order[0]));
  const phases = order.map((name, index): Phase => {
    return { name: PHASE_NAMES[name], state: index < at ? 'done' : index === at ? 'now' : 'next' };
  });
  const time = formatSeconds(snapshot?.elapsed_ms ?? 0);
  const done = snapshot?.requests ?? 0;
  if (mode.kind === 'closed' && 'requests' in mode) {
    const words = `${formatCount(done)} of ${formatCount(mode.requests)} requests · ${time}`;
    return { share: Math.min(1, done / mode.requests), words, phases };
  }
  if (mode.kind === 'find_limit') {
    const steps = snapshot?.limit?.steps.length ?? 0;
    return { share: null, words: `step ${steps + (ended ? 0 : 1)} · ${formatCount(done)} requests · ${time}`, phases };
  }
  const whole = warmupMs + mode.durationMs;
  const words = `${formatCount(done)} requests · ${time}${ended ? '' : ` of ${formatSeconds(whole)}`}`;
  return { share: ended ? 1 : Math.min(1, (snapshot?.elapsed_ms ?? 0) / whole), words, phases };
}
