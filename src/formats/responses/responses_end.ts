import { isObject, type JsonObject, objectOf } from '../json_object.ts';
import type { FinishReason, TokenUsage } from '../stream_part.ts';
import { tokenUsage } from '../token_counts.ts';

/** What the words for how a response ended mean: its status, or why it is incomplete. */
const READ: ReadonlyMap<unknown, FinishReason> = new Map([
  ['completed', 'stop'],
  ['max_output_tokens', 'length'],
  ['content_filter', 'content_filter'],
]);

/** The other way, for the reasons that leave a response incomplete; with any other it is completed. */
const INCOMPLETE: Partial<Record<FinishReason, string>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
  refusal: 'content_filter',
};

export function responsesFinishOf(word: unknown): FinishReason {
  return READ.get(word) ?? 'other';
}

/**
 * @param refused whether the answer has a refusal in words: then the model stopped by itself
 * @returns undefined where the response is completed
 */
export function incompleteReason(reason: FinishReason, refused: boolean): string | undefined {
  return refused && reason === 'refusal' ? undefined : INCOMPLETE[reason];
}

/** How a response ended, as its last event repeats it. */
export interface ResponseEnd {
  /** In the provider's own word: why it is incomplete, else its status. */
  word: string | undefined;
  incomplete: boolean;
  /** It names an error, or its status does. */
  failed: boolean;
  usage: TokenUsage | undefined;
}

/** Of a response that came to no end of its own. */
const FAILED: ReadonlySet<unknown> = new Set(['failed', 'cancelled']);

/**
 * @param response of an event that ends one
 * @param type of that event: some servers leave out the status, or what is incomplete
 * @returns undefined for what is no response
 */
export function responseEnd(response: unknown, type?: string): ResponseEnd | undefined {
  if (!isObject(response)) return undefined;
  const { status = undefined, usage, error } = response;
  const details = response.incomplete_details ?? {};
  if (!isObject(details)) return undefined;
  const cut = details.reason ?? undefined;
  if (!isTextOrNone(cut) || !isTextOrNone(status)) return undefined;
  const incomplete = cut !== undefined || status === 'incomplete' || type === 'response.incomplete';
  const word = cut ?? status ?? (incomplete ? 'incomplete' : undefined);
  return { word, incomplete, failed: Boolean(error) || FAILED.has(status), usage: responsesUsageOf(usage) };
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** @returns undefined where none was reported */
export function responsesUsageOf(value: unknown): TokenUsage | undefined {
  if (!isObject(value)) return undefined;
  const input = objectOf(value.input_tokens_details);
  return tokenUsage({
    input: value.input_tokens ?? value.prompt_tokens,
    output: value.output_tokens ?? value.completion_tokens,
    cachedInput: input?.cached_tokens,
    cacheWrite: input?.cache_write_tokens,
    reasoning: objectOf(value.output_tokens_details)?.reasoning_tokens,
  });
}

/** All of its fields are required. */
export function responsesUsage({ input, output, cachedInput, cacheWrite, reasoning }: TokenUsage): JsonObject {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cachedInput ?? 0, cache_write_tokens: cacheWrite ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning ?? 0 },
    total_tokens: input + output,
  };
}
