import type { Format } from '../../formats/format.ts';
import { jsonFields } from '../../formats/json_fields.ts';
import { parseObject } from '../../formats/json_object.ts';
import type { AnswerEnd, TokenUsage } from '../../formats/stream_part.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { Outcome } from '../observe/observers.ts';

/** What one stream that was admitted has cost, reported once, when it has ended. */
export interface StreamUsage {
  userId: string;
  provider: string;
  /** As that provider calls it. */
  model: string;
  /** What the client asked for, where that was a route. */
  route: string | undefined;
  outcome: Outcome;
  usage: Usage;
}

export type RecordUsage = (used: StreamUsage) => void;

/** Lengths that usage is estimated from. */
export interface RequestLengths {
  /** Of the prompt, in UTF-16 units. */
  prompt: () => number;
  /** Of the body, in bytes. */
  body: number;
}

/** Of a request that nothing was answered to. */
export const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0, estimated: false };

/** As records and traces name them. */
export function usageCounts({ input, output, cachedInput }: TokenUsage): Omit<Usage, 'estimated'> {
  const counts = { input_tokens: input, output_tokens: output };
  return cachedInput ? { ...counts, cached_input_tokens: Math.min(cachedInput, input) } : counts;
}

const CHARACTERS_PER_TOKEN = 4;

/** Where the provider counts nothing: about four characters a token, as is the habit for English. */
export function estimatedUsage(promptLength: number, answerLength: number): Usage {
  return {
    input_tokens: Math.ceil(promptLength / CHARACTERS_PER_TOKEN),
    output_tokens: Math.ceil(answerLength / CHARACTERS_PER_TOKEN),
    estimated: true,
  };
}

/**
 * Of an answer that may have been left or cut before its provider could count it.
 * @param end undefined where it has no proper end; @param length code points that were said
 */
export function answerUsage(end: AnswerEnd | undefined, promptLength: () => number, length: number): Usage {
  if (end?.usage) {
    return { ...usageCounts(end.usage), estimated: false };
  }
  return end || length > 0 ? estimatedUsage(promptLength(), length) : NO_USAGE;
}

/** In UTF-16 units. */
export function promptLengthOf({ query, messages }: StreamRequest): number {
  return query?.length ?? JSON.stringify(messages).length;
}

/**
 * Of a stream whose bytes were passed on. Without its provider's last word each piece counts as a token, which is what
 * a piece is with most servers.
 * @param whole whether it came to its proper end; @param bodyLength of the request
 */
export function passedUsage(
  reported: TokenUsage | undefined,
  pieces: number,
  whole: boolean,
  bodyLength: number,
): Usage {
  if (whole && reported) return { ...usageCounts(reported), estimated: false };
  if (!whole && !reported && pieces === 0) return NO_USAGE;
  const { input_tokens } = estimatedUsage(bodyLength, 0);
  return {
    ...(reported && usageCounts(reported)),
    input_tokens: reported?.input ?? input_tokens,
    output_tokens: Math.max(reported?.output ?? 0, pieces),
    estimated: true,
  };
}

const USAGE = new Set(['usage']);

/** Of an answer in one piece. @param body one character a byte @param usageOf of its format */
export function wholeUsage(body: string, bodyLength: number, usageOf: Format['usageOf']): Usage {
  const span = jsonFields(body, USAGE)?.get('usage');
  const reported = span && usageOf(parseObject(body.slice(span.start, span.end)));
  return reported ? { ...usageCounts(reported), estimated: false } : estimatedUsage(bodyLength, body.length);
}

/**
 * Tokens of one answer that several requests are given. They are counted once: by the first that has all of it, else by
 * the last that leaves.
 */
export class SharedUsage {
  #most = NO_USAGE;
  #isCounted = false;

  /** This answer was not generated for these requests. */
  keptFromBefore(): void {
    this.#isCounted = true;
  }

  /**
   * What one of the requests counts when it ends.
   * @param seen of the answer by this request
   * @param whole whether it came to the proper end; @param isLast whether no other request will see more
   */
  counted(seen: Usage, whole: boolean, isLast: boolean): Usage {
    if (this.#isCounted) return NO_USAGE;
    if (whole || seen.output_tokens >= this.#most.output_tokens) this.#most = seen;
    if (!whole && !isLast) return NO_USAGE;
    this.#isCounted = true;
    return this.#most;
  }
}
