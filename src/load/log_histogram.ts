/** Values below this (a nanosecond, where the unit is milliseconds) share one bucket. */
const SMALLEST_EXPONENT = -6;

/**
 * Counts of non-negative values in buckets that are their first three significant digits: at most 0.5 % off, a few
 * thousand buckets at the most, and two of them add up to the histogram of both.
 */
export class LogHistogram {
  readonly #buckets = new Map<number, number>();
  count = 0;

  add(value: number): void {
    this.#put(bucketOf(value), 1);
  }

  merge(other: LogHistogram): void {
    for (const [key, n] of other.#buckets) this.#put(key, n);
  }

  /** Gives the value at a rank, counted from 1; NaN above the count. */
  ranks(): (rank: number) => number {
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    return (rank) => {
      let left = rank;
      for (const [key, n] of sorted) {
        left -= n;
        if (left <= 0) return middle(key);
      }
      return Number.NaN;
    };
  }

  #put(key: number, n: number): void {
    this.#buckets.set(key, (this.#buckets.get(key) ?? 0) + n);
    this.count += n;
  }
}

/** Keys grow with the value: decade * 1000 + first three digits. */
function bucketOf(value: number): number {
  const exponent = value > 0 ? Math.floor(Math.log10(value)) : SMALLEST_EXPONENT;
  if (exponent <= SMALLEST_EXPONENT) return 0;
  const digits = Math.min(999, Math.max(100, Math.floor(value / 10 ** (exponent - 2))));
  return (exponent - SMALLEST_EXPONENT) * 1000 + digits;
}

function middle(key: number): number {
  if (key === 0) return 0;
  const exponent = Math.floor(key / 1000) + SMALLEST_EXPONENT;
  return ((key % 1000) + 0.5) * 10 ** (exponent - 2);
}
