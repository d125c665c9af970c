import { type JsonObject, parseObject } from './json_object.ts';

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
