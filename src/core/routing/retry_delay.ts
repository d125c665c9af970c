const BASE_MS = 250;
const CAP_MS = 2_000;

/**
 * Full jitter: anything from nothing to a bound that doubles, so that those who failed together do not come back
 * together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). What the provider asks for comes
 * first, and then the jitter on top.
 * @param tries how many have failed; @param retryAfter seconds; @param random 0 to 1
 * @returns milliseconds
 */
export function retryDelay(tries: number, retryAfter: number | undefined, random: number): number {
  const jitter = random * Math.min(CAP_MS, BASE_MS * 2 ** (tries - 1));
  return (retryAfter ?? 0) * 1000 + jitter;
}
