import type { LoadSnapshot } from '../api.ts';

export interface InstanceRow {
  id: string;
  streamed: number;
  inFlight: number;
  /** Refused, cut or failed. */
  other: number;
}

/** A row for each instance that is known or that answered, in the order of their names: rows never jump. */
export function instanceRows(
  snapshot: Pick<LoadSnapshot, 'instances' | 'active_by_instance'>,
  known: readonly string[],
): InstanceRow[] {
  const ids = new Set([...known, ...Object.keys(snapshot.instances), ...Object.keys(snapshot.active_by_instance)]);
  return [...ids].sort(byName.compare).map((id) => {
    const { requests = 0, ok = 0 } = snapshot.instances[id] ?? {};
    return { id, streamed: ok, inFlight: snapshot.active_by_instance[id] ?? 0, other: requests - ok };
  });
}

/** app-2 before app-10. */
const byName = new Intl.Collator('en', { numeric: true });
