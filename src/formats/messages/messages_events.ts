import { type Sight, type TypedEvent, TypedEvents } from '../event_parser.ts';
import { isObject } from '../json_object.ts';
import type { FinishReason } from '../stream_part.ts';
import { messagesFinishOf, messagesUsageOf } from './messages_end.ts';

/** Anthropic's messages end with `message_stop`; the counts come in two parts, before and after the text. */
export class MessagesEvents extends TypedEvents {
  get finish(): FinishReason {
    return messagesFinishOf(this.finishReason);
  }

  protected sight(type: string, event: TypedEvent): Sight {
    switch (type) {
      case 'message_start':
        return this.#start(event.message);
      case 'message_delta':
        return this.#delta(event);
      case 'message_stop':
        return 'end';
      case 'error':
        return 'error';
      default:
        return 'none';
    }
  }

  #start(message: unknown): Sight {
    if (!isObject(message)) return 'broken';
    this.#add(message.usage);
    return 'none';
  }

  #delta({ delta = {}, usage }: TypedEvent): Sight {
    if (!isObject(delta)) return 'broken';
    const reason = delta.stop_reason ?? this.finishReason;
    if (reason !== undefined && typeof reason !== 'string') return 'broken';
    this.finishReason = reason;
    this.#add(usage);
    return 'none';
  }

  /** Counts are totals so far. */
  #add(counts: unknown): void {
    if (counts !== undefined && counts !== null) this.usage = messagesUsageOf(counts, this.usage);
  }
}
