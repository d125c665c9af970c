import type { LoadReport } from './load_report.ts';
import { OUTCOMES } from './outcome.ts';
import type { PercentileName, Spread } from './samples.ts';

/** A figure of a report, for comparisons and conditions. */
export interface ReportMetric {
  /** Such as `ttft.p95`, `good.share` or `outcome.429`. */
  name: string;
  unit: 'ms' | '1/s' | 'share' | 'count';
  better: 'lower' | 'higher' | 'neither';
  /** null if the report has no such figure. */
  value: (report: LoadReport) => number | null;
  /** The 95 % interval of the true value; null if unknown. */
  range: (report: LoadReport) => [low: number, high: number] | null;
}

/** Names of the latencies and their fields in the report. */
const LATENCIES = {
  ttft: 'ttft_ms',
  tpot: 'tpot_ms',
  icl: 'icl_ms',
  e2e: 'e2e_ms',
  stall: 'stall_ms',
  service_ttft: 'service_ttft_ms',
  service_e2e: 'service_e2e_ms',
  refusal: 'refusal_ms',
  resume_gap: 'resume_gap_ms',
} as const satisfies Record<string, keyof LoadReport>;

const PERCENTILES = ['p50', 'p90', 'p95', 'p99', 'p999'] as const satisfies PercentileName[];
/** Standard deviations of a 95 % interval. */
const Z = 1.96;

function latencies(): ReportMetric[] {
  return Object.entries(LATENCIES).flatMap(([name, field]) => {
    const of = (report: LoadReport): Spread | null => report[field];
    const percentiles = PERCENTILES.map((percentile): ReportMetric => {
      return {
        name: `${name}.${percentile}`,
        unit: 'ms',
        better: 'lower',
        value: (report) => of(report)?.[percentile] ?? null,
        range: (report) => of(report)?.ranges[percentile] ?? null,
      };
    });
    const others = (['min', 'mean', 'max'] as const).map((part): ReportMetric => {
      return {
        name: `${name}.${part}`,
        unit: 'ms',
        better: 'lower',
        value: (r) => of(r)?.[part] ?? null,
        range: unknown,
      };
    });
    const n = (report: LoadReport) => of(report)?.n ?? 0;
    return [
      ...percentiles,
      ...others,
      { name: `${name}.n`, unit: 'count', better: 'neither', value: n, range: unknown },
    ];
  });
}

const unknown = () => null;

/** Wilson's interval for a share of `n` attempts. */
export function shareRange(share: number, n: number): [number, number] | null {
  if (n === 0) return null;
  const middle = (share + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const reach = (Z / (1 + (Z * Z) / n)) * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}

/** Interval of a rate of `count` events, whose standard deviation is the root of `count`. */
function rateRange(rate: number, count: number): [number, number] | null {
  if (count === 0) return null;
  const part = Z / Math.sqrt(count);
  return [rate * Math.max(0, 1 - part), rate * (1 + part)];
}

const okShare = ({ outcomes, requests }: LoadReport) => (requests === 0 ? null : outcomes.ok / requests);

const COUNTS: ReportMetric[] = [
  { name: 'requests', unit: 'count', better: 'neither', value: (r) => r.requests, range: unknown },
  {
    name: 'ok.share',
    unit: 'share',
    better: 'higher',
    value: okShare,
    range: (r) => shareRange(okShare(r) ?? 0, r.requests),
  },
  {
    name: 'ok.per_second',
    unit: '1/s',
    better: 'higher',
    value: (r) => r.streams_per_second,
    range: (r) => rateRange(r.streams_per_second, r.outcomes.ok),
  },
  {
    name: 'good.share',
    unit: 'share',
    better: 'higher',
    value: (r) => r.good?.share ?? null,
    range: (r) => r.good && shareRange(r.good.share, r.requests),
  },
  {
    name: 'good.per_second',
    unit: '1/s',
    better: 'higher',
    value: (r) => r.good?.per_second ?? null,
    range: (r) => r.good && rateRange(r.good.per_second, r.good.count),
  },
  { name: 'imbalance', unit: 'share', better: 'lower', value: (r) => r.imbalance, range: unknown },
  { name: 'tokens', unit: 'count', better: 'neither', value: (r) => r.tokens, range: unknown },
  ...OUTCOMES.map((outcome): ReportMetric => {
    const better = outcome === 'ok' ? 'higher' : 'lower';
    return { name: `outcome.${outcome}`, unit: 'count', better, value: (r) => r.outcomes[outcome], range: unknown };
  }),
];

/** Every figure of a report by name. */
export const REPORT_METRICS: ReadonlyMap<string, ReportMetric> = new Map(
  [...COUNTS, ...latencies()].map((metric) => [metric.name, metric]),
);
