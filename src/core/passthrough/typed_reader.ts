import { eventBegins, isPieceType } from '../../formats/answer_begins.ts';
import { parseTypedEvent, type TypedEvent } from '../../formats/typed_event.ts';
import type { EventReader, Sight } from './event_reader.ts';

/** `{"type":"…"`, as both providers begin their events; others are parsed. */
const TYPE = /^\{"type": ?"([^"\\]+)"/;

/** A protocol whose events name their type; what the types mean is the protocol's. */
export abstract class TypedReader implements EventReader {
  /** Its end is always an event. */
  readonly complete = false;
  finishReason: string | undefined;
  usage: EventReader['usage'];

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
