import type { LoadReport } from '../api.ts';
import { runCounts } from './runCounts.ts';

/** What one side of the comparison came to. */
export interface Side {
  streamed: number;
  refused: number;
  /** Cut or failed. */
  broken: number;
  /** Streams by instance, in the order given. */
  instances: { id: string; streamed: number }[];
}

export function sideOf(report: LoadReport, known: readonly string[]): Side {
  const counts = runCounts(report);
  return {
    streamed: counts.completed,
    refused: counts.refused429 + counts.refused503,
    broken: counts.truncated + counts.failed + counts.failed502,
    instances: known.map((id) => ({ id, streamed: report.instances[id]?.ok ?? 0 })),
  };
}

/** What one user may have at once, and where that counts. */
export interface UserLimit {
  slots: number;
  scope: 'instance' | 'cluster';
}

/** Of one instance: how much of the user's slots it holds, and how many places to draw. */
export function slotsAt(taken: number, { slots, scope }: UserLimit): { words: string; places: number } {
  // The slots are not any one instance's: what is free is free everywhere.
  if (scope === 'cluster') return { words: taken === 0 ? 'idle' : `${taken} taken`, places: taken };
  return { words: taken === 0 ? `idle, ${slots} free` : `${taken} of ${slots} taken`, places: Math.max(slots, taken) };
}

/** Both sides in few sentences. */
export function comparisonVerdict(
  balanced: Side,
  single: Side,
  total: number,
  { slots, scope }: UserLimit,
): { tone: 'good' | 'warn'; text: string } {
  if (balanced.broken + single.broken > 0) {
    const text = `${balanced.broken + single.broken} of the streams broke off or failed: run it again when the path is whole.`;
    return { tone: 'warn', text };
  }
  if (scope === 'cluster') {
    const counts = `${balanced.streamed} and ${single.streamed} of ${total} streamed`;
    const text = `${counts}. The limit of ${slots} streams per user holds over all instances together, so that both sides have the same room. A stack started with --pool-scope instance, where each counts for itself, shows the guide’s experiment.`;
    return { tone: 'warn', text };
  }
  const used = (side: Side) => side.instances.filter(({ streamed }) => streamed > 0).length;
  if (balanced.streamed <= single.streamed) {
    const text = `The balancer made no difference here: ${balanced.streamed} against ${single.streamed} of ${total}. Does more than one instance run?`;
    return { tone: 'warn', text };
  }
  const times = single.streamed > 0 ? balanced.streamed / single.streamed : null;
  const factor = times === null ? '' : times === Math.round(times) ? `${times} times as many, ` : '';
  const text = `The same ${total} requests: ${balanced.streamed} streamed over ${used(balanced)} instances, ${single.streamed} at one alone. ${factor && `That is ${factor}`}with the same limit on each instance.`;
  return { tone: 'good', text };
}
