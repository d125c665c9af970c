import { vi } from 'vitest';

const STEP_MS = 1_000;

/**
 * Lets the fake clock run until `work` has settled. Not until no timer is left: another test file of the same worker may
 * have left one that is armed again for ever.
 */
export async function inFakeTime<T>(work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = () => {
    isSettled = true;
  };
  work.then(settled, settled);
  while (!isSettled) await vi.advanceTimersByTimeAsync(STEP_MS);
  return work;
}
