import type { LoadPlan, RunHead } from '../api.ts';
import { formatCount, formatSeconds } from './format.ts';

/** What a run did, in a few words: 10 at once, 30 requests. */
export function planWords({ mode, target }: LoadPlan): string {
  const alone = target?.kind === 'instance' ? `, ${target.name} alone` : '';
  if (mode.kind === 'open') {
    const arrivals = mode.arrivals === 'poisson' ? ' by chance' : '';
    return `${mode.ratePerSecond}/s${arrivals}, ${formatSeconds(mode.durationMs)}${alone}`;
  }
  if (mode.kind === 'find_limit') return `find the limit${alone}`;
  const amount = 'requests' in mode ? `${formatCount(mode.requests)} requests` : formatSeconds(mode.durationMs);
  return `${formatCount(mode.concurrency)} at once, ${amount}${alone}`;
}

/** 24 Nov, 22:41:05, in the reader's own time. */
const WHEN = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

export const startedWords = ({ started_at }: RunHead): string => WHEN.format(new Date(started_at));

/** The two chosen runs after one more click: a third takes the place of the older choice. */
export function choose(chosen: readonly string[], id: string): string[] {
  if (chosen.includes(id)) return chosen.filter((other) => other !== id);
  return [...chosen, id].slice(-2);
}
