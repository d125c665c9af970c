import type { WeirError } from './error_code.ts';

/** Why an answer ended. `other`: the provider gave no reason, or one that its format does not have. */
export type FinishReason =
  | 'stop'
  | 'stop_sequence'
  | 'length'
  | 'tool_calls'
  | 'content_filter'
  | 'refusal'
  | 'pause'
  | 'other';

/** The model said all that it had to say, or as much as it was allowed to: such an answer can be given again. */
const WHOLE: ReadonlySet<FinishReason> = new Set(['stop', 'stop_sequence', 'length', 'tool_calls']);

export function isWhole(reason: FinishReason): boolean {
  return WHOLE.has(reason);
}

/** Tokens of one answer. `input` holds the cached ones too, `output` those of reasoning. */
export interface TokenUsage {
  input: number;
  output: number;
  cachedInput?: number;
  cacheWrite?: number;
  reasoning?: number;
}

/** How an answer ended. */
export interface AnswerEnd {
  finish: FinishReason;
  /** The stop sequence that it ended with, where the provider names it. */
  sequence?: string;
  /** In the provider's own word, for records; null where it gave none. */
  finishReason: string | null;
  /** Absent where the provider reports none. */
  usage?: TokenUsage;
}

/** A source that the text before it is based on. Places are in characters of that text. */
export interface Citation {
  url: string;
  title: string;
  start?: number;
  end?: number;
}

/**
 * What a provider wants back with its reasoning, unread: a signature of the text before it, or text that only the
 * provider can read. It ends a block of reasoning.
 */
export interface ReasoningSeal {
  kind: 'signature' | 'redacted' | 'encrypted' | 'detail';
  /** Of a `detail`: an entry of OpenRouter's `reasoning_details` without its text, as JSON. */
  data: string;
  /** The provider's id of the block, where it wants that back too. */
  id?: string;
  /** Who made it, by its name in the configuration; absent where that is not known. */
  provider?: string;
}

/**
 * One piece of an answer, whichever format brought it. A whole answer is the same parts in the same order. `usage` comes
 * at most once, right before the last part. `finish` or `error` is the last part. Tool calls are numbered from 0.
 */
export type StreamPart =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'reasoning_seal'; seal: ReasoningSeal }
  | { type: 'tool_call'; index: number; id: string; name: string }
  | { type: 'tool_arguments'; index: number; json: string }
  | { type: 'refusal'; text: string }
  | { type: 'citation'; citation: Citation }
  | { type: 'usage'; usage: TokenUsage }
  | { type: 'finish'; reason: FinishReason; sequence?: string }
  | { type: 'error'; error: WeirError };

type SealPart = Extract<StreamPart, { type: 'reasoning_seal' }>;

export function sealedBy({ type, seal }: SealPart, provider: string): SealPart {
  return { type, seal: { ...seal, provider } };
}

/** What an answer says besides plain text, which is nearly all of it and has a way of its own. */
export type AnswerPart = Exclude<StreamPart, { type: 'text' | 'usage' | 'finish' | 'error' }>;

/** What a model is paid for, in UTF-16 units. */
export function lengthOf(part: AnswerPart): number {
  if ('text' in part) return part.text.length;
  return 'json' in part ? part.json.length : 0;
}

/** Reads the events of one answer in one format. What makes no sense becomes an `error` part, and is never thrown. */
export interface StreamReader {
  /**
   * @param data of one server-sent event
   * @returns its parts, in order; none after `finish` or `error`
   */
  read(data: string): readonly StreamPart[];
  /** The bytes have ended. @returns what was missing: `finish` where the format needs no event for it, or an `error` */
  end(): readonly StreamPart[];
  /** Whether the answer is whole if the bytes end here, without an event that says so. */
  readonly complete: boolean;
  /** Whether an event has begun the answer; it may do so with something that is no part. */
  readonly hasBegun: boolean;
  /** Why the answer ended, in the provider's own word. */
  readonly finishReason: string | undefined;
  /**
   * Finds the text of an event that brings nothing else, without parsing it.
   * @returns it as it stands in `data`; undefined or empty where `read` is needed
   */
  plainText?(data: string): string | undefined;
}

/**
 * Writes the events of one answer in one format. The same parts give the same events. Each method gives whole events,
 * or an empty text where the format has nothing to say.
 */
export interface StreamWriter {
  /** Before the first part. */
  begin(): string;
  write(part: StreamPart): string;
}
