import { isObject, objectOf } from '../json_object.ts';
import type { FinishReason, TokenUsage } from '../stream_part.ts';
import { tokenUsage } from '../token_counts.ts';

/** What the words of chat completions for why an answer ended mean. */
const READ: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['model_length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
]);

/** A server's words for an answer that it broke off: of Mistral and OpenRouter, DeepSeek, and vLLM and SGLang. */
const BROKEN_OFF: ReadonlySet<unknown> = new Set(['error', 'insufficient_system_resource', 'abort', 'aborted']);

/** Such an answer has failed, however properly its stream ends. */
export function isBrokenOff(word: unknown): boolean {
  return BROKEN_OFF.has(word);
}

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

/**
 * @param refused whether the answer has a refusal in words: then the field says it, and the model stopped by itself
 * @param asFunction whether the client calls its tools by their older name
 */
export function chatFinishReason(reason: FinishReason, refused: boolean, asFunction: boolean): string {
  if (asFunction && reason === 'tool_calls') return 'function_call';
  return refused && reason === 'refusal' ? 'stop' : WRITTEN[reason];
}

/** @param value `usage` of a chunk or an answer, or that of embeddings @returns undefined where none was reported */
export function chatUsageOf(value: unknown): TokenUsage | undefined {
  if (!isObject(value)) return undefined;
  const details = objectOf(value.prompt_tokens_details);
  const usage = tokenUsage({
    input: value.prompt_tokens ?? value.input_tokens,
    output: value.completion_tokens ?? value.output_tokens,
    // DeepSeek has a field of its own.
    cachedInput: details?.cached_tokens ?? value.prompt_cache_hit_tokens,
    cacheWrite: details?.cache_write_tokens,
    reasoning: objectOf(value.completion_tokens_details)?.reasoning_tokens,
  });
  // xAI counts reasoning beside the output.
  const { input = 0, output = 0, reasoning = 0 } = usage ?? {};
  const isBeside = reasoning > 0 && value.total_tokens === input + output + reasoning;
  return usage && isBeside ? { ...usage, output: output + reasoning } : usage;
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
