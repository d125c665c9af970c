import type { ClusterView, InstanceView } from '../api.ts';

/** Length of the chart, and how often a point is kept. */
const WINDOW_MS = 120_000;
const STEP_MS = 1000;
/** An instance that is not expected and no longer announced keeps its row for this long, marked as gone. */
const GONE_MS = 60_000;

export interface KnownInstance {
  id: string;
  /** The last that it said of itself; null where it should be there and was never heard. */
  view: InstanceView | null;
  /** Whether it is not announced now. */
  gone: boolean;
  /** Whether the stack's owner says that it should be there. */
  expected: boolean;
  seenAt: number;
}

export interface History {
  /** In the order of their names, so that rows never jump. */
  instances: readonly KnownInstance[];
  points: readonly { at: number; active: Readonly<Record<string, number>> }[];
}

export const emptyHistory: History = { instances: [], points: [] };

/**
 * The history with one more view in it; `now` in milliseconds.
 * @param expected names of those that should be there; none where that is not known
 */
export function remember(history: History, view: ClusterView, now: number, expected: readonly string[] = []): History {
  const known = new Map<string, KnownInstance>();
  for (const id of expected) known.set(id, { id, view: null, gone: true, expected: true, seenAt: now });
  for (const before of history.instances) {
    known.set(before.id, { ...before, gone: true, expected: expected.includes(before.id) });
  }
  for (const instance of view.instances) {
    const { id } = instance;
    known.set(id, { id, view: instance, gone: false, expected: expected.includes(id), seenAt: now });
  }
  const instances = [...known.values()]
    .filter((each) => each.expected || !each.gone || now - each.seenAt < GONE_MS)
    .sort((a, b) => byName.compare(a.id, b.id));
  const last = history.points.at(-1);
  if (last && now - last.at < STEP_MS) return { instances, points: history.points };
  const active = Object.fromEntries(view.instances.map(({ id, active_streams }) => [id, active_streams]));
  const points = [...history.points.filter(({ at }) => now - at < WINDOW_MS), { at: now, active }];
  return { instances, points };
}

/** Those that take requests now, as far as they say so themselves. */
export function readyInstances({ instances }: History): string[] {
  return instances.filter(({ gone, view }) => !gone && view?.state === 'ready').map(({ id }) => id);
}

/** app-2 before app-10. */
const byName = new Intl.Collator('en', { numeric: true });
