import { isObject, objectOf } from '../json_object.ts';
import type { FinishReason, TokenUsage } from '../stream_part.ts';
import { tokenUsage } from '../token_counts.ts';

/** What the words of messages for why an answer ended mean. */
const READ: ReadonlyMap<unknown, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop_sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
]);

/** The other way. */
const WRITTEN: Record<FinishReason, string> = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  other: 'end_turn',
};

export function messagesFinishOf(word: unknown): FinishReason {
  return READ.get(word) ?? 'other';
}

export function messagesStopReason(reason: FinishReason): string {
  return WRITTEN[reason];
}

/**
 * Anthropic counts cached tokens beside the input; here they are a part of it. An event says totals so far.
 * @param before what the events before it have said: it stands where this one says nothing
 * @returns undefined where none was reported
 */
export function messagesUsageOf(value: unknown, before?: TokenUsage): TokenUsage | undefined {
  if (!isObject(value)) return undefined;
  const cachedInput = value.cache_read_input_tokens ?? before?.cachedInput;
  const cacheWrite = value.cache_creation_input_tokens ?? before?.cacheWrite;
  const usage = tokenUsage({
    input: value.input_tokens ?? value.prompt_tokens ?? (before && uncached(before)),
    output: value.output_tokens ?? value.completion_tokens ?? before?.output,
    cachedInput,
    cacheWrite,
    reasoning: objectOf(value.output_tokens_details)?.thinking_tokens ?? before?.reasoning,
  });
  if (usage) usage.input += (usage.cachedInput ?? 0) + (usage.cacheWrite ?? 0);
  return usage;
}

function uncached({ input, cachedInput = 0, cacheWrite = 0 }: TokenUsage): number {
  return Math.max(0, input - cachedInput - cacheWrite);
}

export function messagesUsage(usage: TokenUsage): object {
  return {
    input_tokens: uncached(usage),
    output_tokens: usage.output,
    cache_read_input_tokens: usage.cachedInput ?? 0,
    cache_creation_input_tokens: usage.cacheWrite ?? 0,
    ...(usage.reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } }),
  };
}
