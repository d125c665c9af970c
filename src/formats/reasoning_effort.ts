import type { RequestedReasoning } from './generation_request.ts';

/** From how many tokens of reasoning on a budget is an effort, for formats that have efforts only. */
const EFFORTS = [
  [16_384, 'high'],
  [4_096, 'medium'],
  [0, 'low'],
] as const;

/** @returns the effort that was asked for, or the one that a budget is; undefined where neither is said */
export function effortOf(reasoning: RequestedReasoning | undefined): string | undefined {
  const { effort, budgetTokens } = reasoning ?? {};
  if (effort !== undefined || budgetTokens === undefined) return effort;
  return EFFORTS.find(([from]) => budgetTokens >= from)?.[1];
}

const ORDER = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/**
 * @param known the efforts that a model takes
 * @returns the nearest of these, the higher of two, and never `none` for another; a word of a provider's as it is
 */
export function nearestEffort(effort: string | undefined, known: readonly string[]): string | undefined {
  const place = ORDER.indexOf(effort ?? '');
  if (place < 0 || known.length === 0 || known.includes(effort as string)) return effort;
  const distance = (other: string) => Math.abs(ORDER.indexOf(other) - place);
  const reasons = known.filter((other) => other !== 'none');
  return reasons.reduce((best, other) => (distance(other) <= distance(best) ? other : best));
}

/** The share of an answer's tokens that an effort may spend on reasoning, for formats that have budgets only. */
const SHARES = new Map([
  ['minimal', 0.1],
  ['low', 0.2],
  ['medium', 0.5],
  ['high', 0.8],
  ['xhigh', 0.95],
  ['max', 0.95],
]);

/** @returns a budget for reasoning within `maxTokens`, before any limit of the provider's */
export function budgetOf({ effort, budgetTokens }: RequestedReasoning, maxTokens: number): number {
  return budgetTokens ?? Math.floor(maxTokens * (SHARES.get(effort ?? 'medium') ?? 0.5));
}
