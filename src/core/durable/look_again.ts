const FIRST_MS = 50;
const LONGEST_MS = 500;

/**
 * Waits before another look for what another instance is about to do: longer each time, and not in step with others
 * who wait. @param looks that were in vain already
 */
export async function lookAgain(looks: number): Promise<void> {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** looks);
  const ms = longest * (0.5 + Math.random() / 2);
  await new Promise((resolve) => setTimeout(resolve, ms));
}
