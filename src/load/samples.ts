/** Up to here every value is kept and percentiles are exact; above it they come from the histogram. */
export const EXACT_LIMIT = 200_000;

/** Spread of a set of values, in their own unit. Percentiles are nearest-rank, of all values, never averaged. */
export interface Spread {
  n: number;
  min: number;
  max: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  /** How the percentiles were made: from all values, or from a histogram of three significant digits. */
  method: 'exact' | 'histogram';
}

/**
 * A bounded store of non-negative values: all of them up to a limit, then a log-linear histogram whose buckets are the
 * first three significant digits (at most 0.5 % off).
 */
export class Samples {
  readonly #limit: number;
  #values: Float64Array = new Float64Array(64);
  #count = 0;
  #sorted = true;
  #buckets: Map<number, number> | undefined;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  constructor(limit: number = EXACT_LIMIT) {
    this.#limit = limit;
  }

  add(value: number): void {
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#count += 1;
    if (this.#buckets) {
      count(this.#buckets, value);
      return;
    }
    if (this.#count > this.#limit) {
      this.#buckets = new Map();
      for (const kept of this.#values.subarray(0, this.#count - 1)) count(this.#buckets, kept);
      count(this.#buckets, value);
      this.#values = new Float64Array(0);
      return;
    }
    if (this.#count > this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count - 1] = value;
    this.#sorted = false;
  }

  /** null while there is no value. */
  spread(): Spread | null {
    if (this.#count === 0) return null;
    const rank = this.#buckets ? this.#histogramRanks(this.#buckets) : this.#exactRanks();
    return {
      n: this.#count,
      min: rounded(this.#min),
      max: rounded(this.#max),
      mean: rounded(this.#sum / this.#count),
      p50: rounded(rank(0.5)),
      p90: rounded(rank(0.9)),
      p95: rounded(rank(0.95)),
      p99: rounded(rank(0.99)),
      method: this.#buckets ? 'histogram' : 'exact',
    };
  }

  #exactRanks(): (share: number) => number {
    const values = this.#values.subarray(0, this.#count);
    if (!this.#sorted) values.sort();
    this.#sorted = true;
    return (share) => values[Math.ceil(share * this.#count) - 1] ?? Number.NaN;
  }

  #histogramRanks(buckets: Map<number, number>): (share: number) => number {
    const sorted = [...buckets].sort(([a], [b]) => a - b);
    return (share) => {
      let left = Math.ceil(share * this.#count);
      for (const [key, n] of sorted) {
        left -= n;
        if (left <= 0) return Math.min(this.#max, Math.max(this.#min, middle(key)));
      }
      return this.#max;
    };
  }
}

/** To a microsecond, where the unit is milliseconds: clocks are no better, and JSON stays readable. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Values below this (a nanosecond, where the unit is milliseconds) share one bucket. */
const SMALLEST_EXPONENT = -6;

function count(buckets: Map<number, number>, value: number): void {
  const key = bucketOf(value);
  buckets.set(key, (buckets.get(key) ?? 0) + 1);
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
