import { type ComparisonRow, formatWhole as formatCount, formatOneDecimal } from '../api.ts';

export { formatCount };

/** Milliseconds without a unit, with one decimal below 100. */
export function formatMs(value: number): string {
  return value < 100 ? formatOneDecimal(value) : formatCount(value);
}

/** `33 %`; `< 1 %` instead of a rounded zero. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 0.5 ? '< 1 %' : `${formatCount(percent)} %`;
}

/** 4.2 s, from milliseconds. */
export function formatSeconds(ms: number): string {
  return `${formatOneDecimal(ms / 1000)} s`;
}

/** A rate per second, with one decimal below 100. */
export function formatRate(perSecond: number): string {
  return perSecond < 100 ? formatOneDecimal(perSecond) : formatCount(perSecond);
}

const NAMES: Record<string, string> = {
  requests: 'Requests',
  'ok.share': 'Completed, share',
  'ok.per_second': 'Completed, per second',
  'good.share': 'Good, share',
  'good.per_second': 'Good, per second',
  imbalance: 'Imbalance',
};

const MEASURES: Record<string, string> = {
  ttft: 'TTFT',
  tpot: 'TPOT',
  icl: 'ICL',
  e2e: 'E2E',
  service_ttft: 'Sent TTFT',
  service_e2e: 'Sent E2E',
  refusal: 'Refusal',
  resume_gap: 'Gap',
  stall: 'Stall',
};

/** `ttft.p95` as `TTFT p95`. */
export function metricName(metric: string): string {
  const [measure = '', part = ''] = metric.split('.');
  const name = MEASURES[measure];
  return NAMES[metric] ?? (name ? `${name} ${part.replace('p999', 'p99.9')}` : metric);
}

/** A figure with its unit. */
export function metricValue({ unit }: Pick<ComparisonRow, 'unit'>, value: number | null): string {
  if (value === null) return '–';
  if (unit === 'ms') return `${formatMs(value)} ms`;
  if (unit === 'share') return `${formatRate(value * 100)} %`;
  if (unit === '1/s') return `${formatRate(value)} /s`;
  return formatCount(value);
}
