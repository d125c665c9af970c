import type { TokenUsage } from './stream_part.ts';

/** No answer has so many tokens; and what is added up of smaller counts, also as money, stays exact. */
const MAX_TOKENS = 1_000_000_000;

/** What a report says of each count: a number, if it is right, and `undefined` or `null` where it says nothing. */
export type TokenCounts = Readonly<Record<keyof TokenUsage, unknown>>;

/**
 * The counts of a provider, whatever its format calls them: the one place where they are believed.
 * @returns undefined where one of them is no count, or neither input nor output is there: nothing was reported
 */
export function tokenUsage({ input, output, cachedInput, cacheWrite, reasoning }: TokenCounts): TokenUsage | undefined {
  if ((input ?? output ?? undefined) === undefined) return undefined;
  const usage = { input: input ?? 0, output: output ?? 0 } as TokenUsage;
  if ((cachedInput ?? undefined) !== undefined) usage.cachedInput = cachedInput as number;
  if ((cacheWrite ?? undefined) !== undefined) usage.cacheWrite = cacheWrite as number;
  if ((reasoning ?? undefined) !== undefined) usage.reasoning = reasoning as number;
  return Object.values(usage).every(isCount) ? usage : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TOKENS;
}
