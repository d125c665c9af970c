const FIRST_MS = 50;
const LONGEST_MS = 500;

/** Doubles with each try that failed, up to `longestMs`; half of it is chance, so that those who wait do not go in step. */
export function backOffMs(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Waits before another look for what another instance is about to do. @param looks that were in vain already */
export async function lookAgain(looks: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, backOffMs(looks, FIRST_MS, LONGEST_MS)));
}
