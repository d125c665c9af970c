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
