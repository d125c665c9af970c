import type { ClusterView, InstanceView } from '../api.ts';

/** Length of the chart, and how often a point is kept. */
const WINDOW_MS = 120_000;
const STEP_MS = 1000;
/** An instance that is no longer announced keeps its row for this long, marked as gone. */
const GONE_MS = 60_000;

export interface KnownInstance {
  id: string;
  /** The last that it said of itself. */
  view: InstanceView;
  gone: boolean;
  seenAt: number;
}

export interface History {
  /** In the order of their names, so that rows never jump. */
  instances: readonly KnownInstance[];
  points: readonly { at: number; active: Readonly<Record<string, number>> }[];
}

export const emptyHistory: History = { instances: [], points: [] };

/** The history with one more view in it; `now` in milliseconds. */
export function remember(history: History, view: ClusterView, now: number): History {
  const known = new Map(history.instances.map((instance) => [instance.id, { ...instance, gone: true }]));
  for (const instance of view.instances) {
    known.set(instance.id, { id: instance.id, view: instance, gone: false, seenAt: now });
  }
  const instances = [...known.values()]
    .filter(({ gone, seenAt }) => !gone || now - seenAt < GONE_MS)
    .sort((a, b) => byName.compare(a.id, b.id));
  const last = history.points.at(-1);
  if (last && now - last.at < STEP_MS) return { instances, points: history.points };
  const active = Object.fromEntries(view.instances.map(({ id, active_streams }) => [id, active_streams]));
  const points = [...history.points.filter(({ at }) => now - at < WINDOW_MS), { at: now, active }];
  return { instances, points };
}

/** app-2 before app-10. */
const byName = new Intl.Collator('en', { numeric: true });
