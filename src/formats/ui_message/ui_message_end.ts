import { objectOf } from '../json_object.ts';
import type { FinishReason, TokenUsage } from '../stream_part.ts';
import { tokenUsage } from '../token_counts.ts';

/** What the AI SDK's words for why an answer ended mean. */
const READ: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool-calls', 'tool_calls'],
  ['content-filter', 'content_filter'],
]);

/** The other way. Older versions of the SDK refuse a chunk with any other word. */
const WRITTEN: Record<FinishReason, string> = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
  refusal: 'content-filter',
  pause: 'other',
  other: 'other',
};

export function uiMessageFinishOf(word: unknown): FinishReason {
  return READ.get(word) ?? 'other';
}

export function uiMessageFinishReason(reason: FinishReason): string {
  return WRITTEN[reason];
}

/** @param value `usage` of a message's metadata @returns undefined where it holds no counts */
export function uiMessageUsageOf(value: unknown): TokenUsage | undefined {
  const usage = objectOf(value);
  if (!usage) return undefined;
  const input = objectOf(usage.inputTokenDetails);
  const output = objectOf(usage.outputTokenDetails);
  return tokenUsage({
    input: usage.inputTokens,
    output: usage.outputTokens,
    cachedInput: input?.cacheReadTokens,
    cacheWrite: input?.cacheWriteTokens,
    reasoning: output?.reasoningTokens,
  });
}

/** In the words of the SDK's own usage; details that were not reported are left out. */
export function uiMessageUsage({ input, output, cachedInput, cacheWrite, reasoning }: TokenUsage): object {
  const hasInputDetails = cachedInput !== undefined || cacheWrite !== undefined;
  return {
    inputTokens: input,
    ...(hasInputDetails ? { inputTokenDetails: { cacheReadTokens: cachedInput, cacheWriteTokens: cacheWrite } } : {}),
    outputTokens: output,
    ...(reasoning === undefined ? {} : { outputTokenDetails: { reasoningTokens: reasoning } }),
    totalTokens: input + output,
  };
}
