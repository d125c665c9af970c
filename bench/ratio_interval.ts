import { median } from './figures.ts';

/** How much dearer one version is than another: 1.05 is 5 % more. */
export interface RatioInterval {
  ratio: number;
  /** Ends of the 95 % interval. */
  low: number;
  high: number;
}

/** Of Student's distribution: 97.5 % lie below, for 1 degree of freedom, 2, and so on; beyond them it hardly changes. */
const STUDENT = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/**
 * V8 compiles a program a little differently each time, which holds until it ends. So what varies from start to start
 * decides the interval, not the number of pairs within one; a start counts with the median of its pairs.
 * @param starts for each start of both versions, the pairs of figures (ours, theirs) that were taken at the same time
 */
export function ratioInterval(starts: readonly (readonly (readonly [number, number])[])[]): RatioInterval {
  const logs = starts.map((pairs) => {
    const of = pairs.map(([ours, theirs]) => Math.log(ours / theirs));
    // Of an even count, between the two in the middle: the order of the versions must not matter.
    return (median(of) - median(of.map((log) => -log))) / 2;
  });
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  const student = STUDENT[Math.min(logs.length - 1, STUDENT.length) - 1] ?? Number.NaN;
  const reach = student * Math.sqrt(variance / logs.length);
  return { ratio: Math.exp(mean), low: Math.exp(mean - reach), high: Math.exp(mean + reach) };
}

/** The interval as a sentence. A run that could not have seen 5 % says so. */
export function verdictOf({ low, high }: RatioInterval): string {
  const percent = (ratio: number) => Math.abs(100 * (ratio - 1)).toFixed(1);
  if (low > 1) return `slower by ${percent(low)}–${percent(high)} %`;
  if (high < 1) return `faster by ${percent(high)}–${percent(low)} %`;
  const seen = `no difference seen (between ${percent(low)} % faster and ${percent(high)} % slower)`;
  return high / low > 1.1 ? `${seen}; the machine was too busy to see 5 %: run it again` : seen;
}
