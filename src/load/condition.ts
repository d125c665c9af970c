import type { LoadReport } from './load_report.ts';
import { REPORT_METRICS, type ReportMetric } from './report_metrics.ts';

/** Such as `ttft.p95>500`: a figure of the report, an operator and a limit. */
export interface Condition {
  /** As the user wrote it. */
  text: string;
  metric: ReportMetric;
  operator: Operator;
  limit: number;
}

const OPERATORS = {
  '>=': (a: number, b: number) => a >= b,
  '<=': (a: number, b: number) => a <= b,
  '==': (a: number, b: number) => a === b,
  '!=': (a: number, b: number) => a !== b,
  '>': (a: number, b: number) => a > b,
  '<': (a: number, b: number) => a < b,
};
type Operator = keyof typeof OPERATORS;

const EXPRESSION = /^\s*([\w.]+)\s*(>=|<=|==|!=|>|<)\s*(\S+?)\s*(ms|s|%)?\s*$/;
const EXAMPLES = 'for example ttft.p95>500, ok.share<99% or outcome.429>0';

/**
 * Parses a condition; numbers may end in ms, s or %.
 * @throws Error with a sentence for the user
 */
export function parseCondition(text: string): Condition {
  const match = EXPRESSION.exec(text);
  if (match === null) throw new Error(`Write a figure, an operator and a number, ${EXAMPLES}.`);
  const [, name = '', operator = '', number = '', unit = ''] = match;
  const metric = REPORT_METRICS.get(name);
  if (!metric) throw new Error(`There is no figure ${name}. ${similar(name)}.`);
  const value = Number(number);
  if (Number.isNaN(value)) throw new Error(`${number} is not a number; ${EXAMPLES}.`);
  return { text: text.trim(), metric, operator: operator as Operator, limit: inUnitOf(metric, value, unit) };
}

function inUnitOf(metric: ReportMetric, value: number, unit: string): number {
  if (unit === '') return value;
  if (unit === '%' && metric.unit === 'share') return value / 100;
  if (unit === 'ms' && metric.unit === 'ms') return value;
  if (unit === 's' && metric.unit === 'ms') return value * 1000;
  const own = { ms: 'milliseconds', '1/s': 'per second', share: 'a share of 1, or a percentage', count: 'a count' };
  throw new Error(`${metric.name} is ${own[metric.unit]}, not ${unit}.`);
}

function similar(name: string): string {
  const [family = ''] = name.split('.');
  const names = [...REPORT_METRICS.keys()];
  const near = names.filter((known) => known.startsWith(`${family}.`));
  return near.length > 0 ? `Use one of ${near.join(', ')}` : `Its first part must be one of ${families(names)}`;
}

function families(names: string[]): string {
  return [...new Set(names.map((name) => name.split('.')[0]))].join(', ');
}

/** The figure if the condition is true; null if it is false, or if the report has no such figure. */
export function holds({ metric, operator, limit }: Condition, report: LoadReport): number | null {
  const value = metric.value(report);
  return value !== null && OPERATORS[operator](value, limit) ? value : null;
}
