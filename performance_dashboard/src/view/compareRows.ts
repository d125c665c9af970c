import type { ComparisonRow } from '../api.ts';
import { formatCount, formatMs, formatRate } from './format.ts';

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

/** `ttft.p95` as people say it. */
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
