import type { Check, DoctorContext } from './check.ts';

/** Every check. */
export async function runDoctor(_context: DoctorContext): Promise<Check[]> {
  return [];
}
