import { isObject, type JsonObject } from './json_object.ts';
import type { TypedEvent } from './typed_event.ts';

/*
 * When an answer has begun, in all formats: with text, reasoning, a refusal, a tool call or its arguments. Then nobody
 * else is asked, and no limit for a first token counts any more. A role, an empty text and the announcement of a message
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
