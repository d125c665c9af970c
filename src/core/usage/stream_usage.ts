import type { Usage } from '../../formats/weir/stream_event.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { Outcome } from '../observe/stream_observer.ts';
import type { AnswerEnd } from '../upstream/upstream.ts';

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
    const { input_tokens, output_tokens } = end.usage;
    return { input_tokens, output_tokens, estimated: false };
  }
  return end || length > 0 ? estimatedUsage(promptLength(), length) : NO_USAGE;
}

/** In UTF-16 units. */
export function promptLengthOf({ query, messages }: StreamRequest): number {
  return query?.length ?? JSON.stringify(messages).length;
}
