import type { LoadPlan } from './load_plan.ts';
import type { LoadReport, LoadSnapshot } from './load_report.ts';
import type { Outcome } from './outcome.ts';

/** A run as a list shows it. */
export interface RunHead {
  id: string;
  name: string;
  /** ISO 8601. */
  started_at: string;
  state: 'running' | 'finished' | 'cancelled' | 'failed';
  engine: 'server' | 'browser' | 'cli';
  plan: LoadPlan;
  /** null while it runs. */
  report: LoadReport | null;
}

/** One of the first requests of a run, in order of start. */
export interface StripEntry {
  instance: string | null;
  /** null while it runs. */
  outcome: Outcome | null;
}

/** A run as it is saved, one file each. */
export interface LoadRun extends RunHead {
  snapshot: LoadSnapshot | null;
  /** At most the first {@link STRIP_LENGTH}. */
  strip: StripEntry[];
}

export const STRIP_LENGTH = 200;
