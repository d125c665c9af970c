import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';

/** What one check found. */
export interface Check {
  /** Stable name, for programs. */
  id: string;
  result: 'ok' | 'warn' | 'fail';
  /** What was found, in one sentence. */
  what: string;
  /** Why it matters or how it comes about; empty when all is well. */
  why: string;
  /** The command or the action that mends it; empty when all is well. */
  mend: string;
}

/** What the checks look at. */
export interface DoctorContext {
  layout: StackLayout;
  options: StackOptions;
  /** Like PATH. */
  searchPath: string;
  uid: number;
  /** `VITE_API_BASE_URL`, where one is set. */
  apiBaseUrl: string | undefined;
}

/** All is well. */
export function ok(id: string, what: string): Check {
  return { id, result: 'ok', what, why: '', mend: '' };
}

/** Works, but not as it should. */
export function warn(id: string, what: string, why: string, mend: string): Check {
  return { id, result: 'warn', what, why, mend };
}

/** Does not work. */
export function fail(id: string, what: string, why: string, mend: string): Check {
  return { id, result: 'fail', what, why, mend };
}
