import type { LoadReport } from './load_report.ts';
import { REPORT_METRICS, type ReportMetric } from './report_metrics.ts';

/** One figure of two reports side by side. */
export interface ComparisonRow {
  /** Name in {@link REPORT_METRICS}, such as `ttft.p95`. */
  metric: string;
  unit: ReportMetric['unit'];
  a: number | null;
  b: number | null;
  /** `none`: equal, or neither direction is better. `unclear`: the difference may be chance. */
  better: 'a' | 'b' | 'none' | 'unclear';
  /** The difference in words. */
  note: string;
}

const COMPARED = [
  'requests',
  'ok.share',
  'ok.per_second',
  'good.share',
  'good.per_second',
  ...['ttft', 'tpot', 'icl', 'e2e', 'service_ttft', 'refusal', 'resume_gap'].flatMap((name) => {
    return ['p50', 'p95', 'p99'].map((percentile) => `${name}.${percentile}`);
  }),
  'imbalance',
];

/** Smaller differences would be shown as 0.0 %. */
const LEAST_PERCENT = 0.05;

/** Compares two runs figure by figure. Figures that neither run has are left out. */
export function compareReports(a: LoadReport, b: LoadReport): ComparisonRow[] {
  return COMPARED.flatMap((name) => {
    const metric = REPORT_METRICS.get(name)!;
    const values = [metric.value(a), metric.value(b)] as const;
    return values[0] === null && values[1] === null ? [] : [row(metric, a, b, ...values)];
  });
}

function row(metric: ReportMetric, a: LoadReport, b: LoadReport, of: number | null, to: number | null): ComparisonRow {
  const { name, unit } = metric;
  const base = { metric: name, unit, a: of, b: to };
  if (of === null || to === null)
    return { ...base, better: 'none', note: `only ${of === null ? 'B' : 'A'} has a value` };
  if (of === to) return { ...base, better: 'none', note: 'equal' };
  if (metric.better === 'neither') return { ...base, better: 'none', note: difference(of, to) };
  const [rangeA, rangeB] = [metric.range(a), metric.range(b)];
  if (rangeA === null || rangeB === null) {
    return { ...base, better: 'unclear', note: `${difference(of, to)}; not enough data to judge` };
  }
  const [low, high] = differenceRange([of, rangeA], [to, rangeB]);
  if (low <= 0 && high >= 0) return { ...base, better: 'unclear', note: 'no clear difference (95 % confidence)' };
  const isBHigher = to > of;
  const better = isBHigher === (metric.better === 'higher') ? 'b' : 'a';
  return { ...base, better, note: `${difference(of, to)}: ${better === 'b' ? 'better' : 'worse'}` };
}

/**
 * The 95 % interval of the difference of two independent figures, from their own intervals: Newcombe's square and add
 * (1998, method 10), which Zou and Donner (2008) extend to any two figures with known intervals. Figures whose intervals
 * overlap slightly may still differ.
 */
export function differenceRange(
  [a, [lowA, highA]]: [number, [low: number, high: number]],
  [b, [lowB, highB]]: [number, [low: number, high: number]],
): [low: number, high: number] {
  return [b - a - Math.hypot(b - lowB, highA - a), b - a + Math.hypot(highB - b, a - lowA)];
}

/** The difference of B to A in words. */
function difference(a: number, b: number): string {
  if (a === 0) return `B is ${b > a ? 'higher' : 'lower'}`;
  const percent = Math.abs(((b - a) / a) * 100);
  if (percent < LEAST_PERCENT) return 'about the same';
  return `B is ${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} % ${b > a ? 'higher' : 'lower'}`;
}
