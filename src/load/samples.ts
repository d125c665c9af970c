/** Up to this number, all values are kept and percentiles are exact; above it, the histogram is used. */
export const EXACT_LIMIT = 200_000;
/** Above this number, live views use the histogram: sorting five times a second would be too slow. */
const LIVE_LIMIT = 5_000;

const SHARES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
export type PercentileName = keyof typeof SHARES;
/** Standard deviations of a 95 % interval. */
const Z = 1.96;

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
  p999: number;
  /**
   * The 95 % interval of each percentile, from the ranks around it; absent if there are too few values.
   */
  ranges: Partial<Record<PercentileName, [low: number, high: number]>>;
  /** Source of the percentiles: all values, or a histogram with three significant digits. */
  method: 'exact' | 'histogram';
}

/** A bounded store of non-negative values: all values up to a limit, and a histogram. */
export class Samples {
  readonly #limit: number;
  readonly #histogram = new LogHistogram();
  /** Undefined above the limit. */
  #values: Float64Array | undefined = new Float64Array(64);
  #sorted = true;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  constructor(limit: number = EXACT_LIMIT) {
    this.#limit = limit;
  }

  add(value: number): void {
    const at = this.#histogram.count;
    this.#histogram.add(value);
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#values === undefined) return;
    if (at >= this.#limit) {
      this.#values = undefined;
      return;
    }
    if (at >= this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[at] = value;
    this.#sorted = false;
  }

  /** Adds all values of another one. */
  merge(other: Samples): void {
    if (other.#values) {
      for (const value of other.#values.subarray(0, other.#histogram.count)) this.add(value);
      return;
    }
    this.#histogram.merge(other.#histogram);
    this.#values = undefined;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** null without values. @param isLive prefers speed over exactness */
  spread(isLive = false): Spread | null {
    const n = this.#histogram.count;
    if (n === 0) return null;
    const isExact = this.#values !== undefined && !(isLive && n > LIVE_LIMIT);
    const at = isExact ? this.#exactRanks(this.#values!.subarray(0, n)) : this.#roughRanks();
    const of = (share: number) => rounded(at(Math.ceil(share * n)));
    const percentiles = Object.entries(SHARES).map(([name, share]) => [name, of(share)]);
    return {
      n,
      min: rounded(this.#min),
      max: rounded(this.#max),
      mean: rounded(this.#sum / n),
      ...(Object.fromEntries(percentiles) as Record<PercentileName, number>),
      ranges: rangesOf(n, at),
      method: isExact ? 'exact' : 'histogram',
    };
  }

  #exactRanks(values: Float64Array): (rank: number) => number {
    if (!this.#sorted) values.sort();
    this.#sorted = true;
    return (rank) => values[rank - 1] ?? Number.NaN;
  }

  #roughRanks(): (rank: number) => number {
    const at = this.#histogram.ranks();
    return (rank) => Math.min(this.#max, Math.max(this.#min, at(rank)));
  }
}

/** The ranks around each percentile: the number of values below it is binomial. */
function rangesOf(n: number, at: (rank: number) => number): Spread['ranges'] {
  const ranges: Spread['ranges'] = {};
  for (const [name, share] of Object.entries(SHARES) as [PercentileName, number][]) {
    const reach = Z * Math.sqrt(n * share * (1 - share));
    const [low, high] = [Math.floor(n * share - reach), Math.ceil(n * share + reach) + 1];
    if (low >= 1 && high <= n) ranges[name] = [rounded(at(low)), rounded(at(high))];
  }
  return ranges;
}

/** Rounds to three decimals: clocks are not more precise. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Values below 10 to this power share one bucket. */
const SMALLEST_EXPONENT = -6;

/**
 * Counts non-negative values in buckets of three significant digits: at most 0.5 % error and a few thousand buckets. Two
 * histograms can be merged.
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

  /** @returns the value at a rank, counted from 1; NaN above the count */
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

/** Keys increase with the value: decade * 1000 + first three digits. */
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
