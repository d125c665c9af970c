import { type EventParser, eventBegins, isPieceType, type Sight } from './event_parser.ts';
import { type JsonObject, parseObject } from './json_object.ts';

/** `{"type":"…"`, as both providers begin their events; others are parsed. */
const TYPE = /^\{"type": ?"([^"\\]+)"/;

/** A format whose events name their type; what the types mean is the format's. */
export abstract class TypedEvents implements EventParser {
  /** Its end is always an event. */
  readonly complete = false;
  finishReason: string | undefined;
  usage: EventParser['usage'];

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
