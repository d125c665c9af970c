import { byName, type ClusterView, type InstanceView } from '../api.ts';

/** Length of the chart, and how often a point is kept. */
const WINDOW_MS = 120_000;
const STEP_MS = 1000;
/** How long an instance that is neither expected nor announced keeps its row, marked as gone. */
const GONE_MS = 60_000;

export interface KnownInstance {
  id: string;
  /** Its last report; null if it should be running and never reported. */
  view: InstanceView | null;
  /** Whether it does not report now. */
  gone: boolean;
  /** Whether the supervisor says that it should be running. */
  expected: boolean;
  seenAt: number;
}

export interface History {
  /** Ordered by name, so that rows keep their place. */
  instances: readonly KnownInstance[];
  points: readonly { at: number; active: Readonly<Record<string, number>> }[];
}

export const emptyHistory: History = { instances: [], points: [] };

/**
 * The history with one more view; `now` in milliseconds.
 * @param expected names of the instances that should be running; empty if unknown
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
    .sort((a, b) => byName(a.id, b.id));
  const last = history.points.at(-1);
  if (last && now - last.at < STEP_MS) return { instances, points: history.points };
  const active = Object.fromEntries(view.instances.map(({ id, active_streams }) => [id, active_streams]));
  const points = [...history.points.filter(({ at }) => now - at < WINDOW_MS), { at: now, active }];
  return { instances, points };
}

/** Names of the instances that report `ready`. */
export function readyInstances({ instances }: History): string[] {
  return instances.filter(({ gone, view }) => !gone && view?.state === 'ready').map(({ id }) => id);
}

/** app-2 before app-10. */
