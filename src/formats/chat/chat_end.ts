import { isObject, objectOf } from '../json_object.ts';
import type { FinishReason, TokenUsage } from '../stream_part.ts';
import { tokenUsage } from '../token_counts.ts';

/** What the words of chat completions for why an answer ended mean. */
const READ: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
]);

/** The other way. */
const WRITTEN: Record<FinishReason, string> = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
  refusal: 'content_filter',
  pause: 'stop',
  other: 'stop',
};

export function chatFinishOf(word: unknown): FinishReason {
  return READ.get(word) ?? 'other';
}

/** @param refused whether the answer has a refusal in words: then the field says it, and the model stopped by itself */
export function chatFinishReason(reason: FinishReason, refused: boolean): string {
  return refused && reason === 'refusal' ? 'stop' : WRITTEN[reason];
}

/** @param value `usage` of a chunk or an answer, or that of embeddings @returns undefined where none was reported */
export function chatUsageOf(value: unknown): TokenUsage | undefined {
  if (!isObject(value)) return undefined;
  const input = objectOf(value.prompt_tokens_details);
  return tokenUsage({
    input: value.prompt_tokens ?? value.input_tokens,
    output: value.completion_tokens ?? value.output_tokens,
    // DeepSeek has a field of its own.
    cachedInput: input?.cached_tokens ?? value.prompt_cache_hit_tokens,
    cacheWrite: input?.cache_write_tokens,
    reasoning: objectOf(value.completion_tokens_details)?.reasoning_tokens,
  });
}

export function chatUsage({ input, output, cachedInput, cacheWrite, reasoning }: TokenUsage): object {
  const cached = {
    ...(cachedInput === undefined ? {} : { cached_tokens: cachedInput }),
    ...(cacheWrite === undefined ? {} : { cache_write_tokens: cacheWrite }),
  };
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(Object.keys(cached).length === 0 ? {} : { prompt_tokens_details: cached }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}
