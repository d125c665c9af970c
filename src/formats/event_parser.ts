import type { ErrorCode } from './error_code.ts';
import { isObject, type JsonObject, parseObject } from './json_object.ts';
import type { AnswerEnd, AnswerPart, FinishReason, TokenUsage } from './stream_part.ts';

/**
 * What an event means to a relay: a `piece` of the answer, a sign that it has `begun` before its first piece, its proper
 * `end`, the provider's own `error` (both are the last event of a stream), or `none` of these. `broken` is no event of
 * its format: the stream ends before it.
 */
export type Sight = 'none' | 'begun' | 'piece' | 'end' | 'error' | 'broken';

/** Reads one stream's events in one format, and only as far as a relay of bytes must know them. One for each stream. */
export interface EventParser {
  /** @param data of one event, one character a byte */
  read(data: string): Sight;
  /** Whether the answer is whole if the bytes end here, without an event that says so. */
  readonly complete: boolean;
  /** Why it ended; of several choices the first that did. */
  readonly finish: FinishReason;
  /** In the provider's own word. */
  readonly finishReason: string | undefined;
  /** As the provider reported it. */
  readonly usage: TokenUsage | undefined;
}

/** Takes what the events of a stream say, where more than their bytes is asked for. */
export interface PartSink {
  /** Never empty. */
  text(text: string): void;
  part(part: AnswerPart): void;
  /** The answer has begun with something that was not asked for, such as reasoning. */
  begun(): void;
  /** @param bytes UTF-8, one character a byte */
  decode(bytes: string): string;
}

/** Reads the same events into parts. One for each stream. */
export interface PartParser {
  /** @param data of one event, one character a byte; what it says goes to `sink`, in order */
  readParts(data: string, sink: PartSink): Sight;
  /** As {@link EventParser} has it. */
  readonly complete: boolean;
  /** How the answer ended, once an event was its `end` or the bytes ended while it was `complete`. */
  ending(): AnswerEnd;
  /** What the provider's own error means to us, once an event was one. */
  readonly failure: ErrorCode | undefined;
}

/*
 * When an answer has begun, in all formats: with text, reasoning, a refusal, a tool call or its arguments. Then no
 * other target is asked, and no limit for a first token counts any more. A role, an empty text and the announcement of a message
 * are no beginning.
 */

/** Whether a chat completion's delta brings something of the answer. */
export function deltaBegins(delta: JsonObject | undefined): boolean {
  return delta !== undefined && Object.entries(delta).some(([key, value]) => key !== 'role' && !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0);
}

/** Whether an event of OpenAI's responses or Anthropic's messages, by its type, is a piece of the answer. */
export function isPieceType(type: string): boolean {
  return type === 'content_block_delta' || type.endsWith('.delta');
}

/**
 * Whether another event of these two begins the answer: with a thought, which may stay unsaid, or a tool call. A message,
 * or a block of text, begins with its first piece.
 */
export function eventBegins({ type, item, content_block }: TypedEvent): boolean {
  if (type === 'response.output_item.added') return opens(item, 'message');
  return type === 'content_block_start' && opens(content_block, 'text');
}

function opens(part: unknown, text: string): boolean {
  return isObject(part) && typeof part.type === 'string' && part.type !== text;
}

/** `{"type":"…"`, as both providers begin their events; others are parsed. */
const TYPE = /^\{"type": ?"([^"\\]+)"/;

/** A format whose events name their type; what the types mean is the format's. */
export abstract class TypedEvents implements EventParser {
  /** Its end is always an event. */
  readonly complete = false;
  finishReason: string | undefined;
  usage: EventParser['usage'];

  abstract get finish(): FinishReason;

  read(data: string): Sight {
    const type = TYPE.exec(data)?.[1];
    if (type !== undefined && isPieceType(type)) return 'piece';
    // Some servers close every protocol with OpenAI's word; without a proper end before it, it ends nothing.
    if (data === '[DONE]') return 'none';
    const event = parseTypedEvent(data);
    if (event === undefined) return 'broken';
    if (event.type === undefined) return 'none';
    if (isPieceType(event.type)) return 'piece';
    return eventBegins(event) ? 'begun' : this.sight(event.type, event);
  }

  protected abstract sight(type: string, event: TypedEvent): Sight;
}

/** An event of OpenAI's responses or Anthropic's messages: their events name their type. */
export type TypedEvent = JsonObject & { readonly type?: string };

/**
 * One event's data. One that names no type is none that is known.
 * @returns undefined for what is no event: no JSON, no object, a type that is no text
 */
export function parseTypedEvent(data: string): TypedEvent | undefined {
  const event = parseObject(data);
  if (event === undefined || (event.type !== undefined && typeof event.type !== 'string')) return undefined;
  return event as TypedEvent;
}
