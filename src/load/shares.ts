/** One instance's share of the requests, with the range that chance allows. Shares are parts of 1. */
export interface InstanceShare {
  instance: string;
  requests: number;
  share: number;
  /** A random distribution stays within these in 997 of 1,000 cases. */
  low: number;
  high: number;
  /** `too_few`: too few requests to judge. */
  verdict: 'even' | 'uneven' | 'too_few';
}

/** Three standard deviations, as in Shewhart's p chart. */
const SIGMAS = 3;
/** Below this number of expected requests, inside or outside an instance, the normal approximation is invalid. */
const MIN_EXPECTED = 5;

/**
 * Shares of instances that should get the same number of requests, in the order given. The range is that of the p chart (NIST/SEMATECH
 * e-Handbook of Statistical Methods, 6.3.3.2): w ± 3 √(w (1 - w) / n), the standard deviation being the binomial's.
 */
export function sharesOf(counts: ReadonlyMap<string, number>): InstanceShare[] {
  const n = [...counts.values()].reduce((sum, requests) => sum + requests, 0);
  if (n === 0) return [];
  const weight = 1 / counts.size;
  const reach = SIGMAS * Math.sqrt((weight * (1 - weight)) / n);
  const low = Math.max(0, weight - reach);
  const high = Math.min(1, weight + reach);
  const isFew = counts.size > 1 && n * Math.min(weight, 1 - weight) < MIN_EXPECTED;
  return [...counts].map(([instance, requests]) => {
    const share = requests / n;
    const verdict = isFew ? 'too_few' : share < low || share > high ? 'uneven' : 'even';
    return { instance, requests, share: rounded(share), low: rounded(low), high: rounded(high), verdict };
  });
}

/** Half the sum of |share - weight|; null without shares. */
export function imbalanceOf(shares: readonly InstanceShare[]): number | null {
  if (shares.length === 0) return null;
  const weight = 1 / shares.length;
  return rounded(shares.reduce((sum, { share }) => sum + Math.abs(share - weight), 0) / 2);
}

function rounded(value: number): number {
  return Math.round(value * 1_000_000) / 1_000_000;
}
