import type { LoadPlan } from './load_plan.ts';
import type { LoadSnapshot } from './load_report.ts';

/** How far a run is, 0 to 1; null for a search, which ends when it has found something. */
export function progressOf({ mode, warmupMs }: LoadPlan, snapshot: LoadSnapshot): number | null {
  if (mode.kind === 'find_limit') return null;
  if ('requests' in mode) return Math.min(1, snapshot.requests / mode.requests);
  return Math.min(1, snapshot.elapsed_ms / (warmupMs + mode.durationMs));
}
