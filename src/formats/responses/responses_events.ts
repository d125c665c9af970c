import { type Sight, type TypedEvent, TypedEvents } from '../event_parser.ts';
import type { FinishReason } from '../stream_part.ts';
import { responseEnd, responsesFinishOf } from './responses_end.ts';

/** OpenAI's responses: the last event says how the whole went, and an answer that stopped early is an answer. */
export class ResponsesEvents extends TypedEvents {
  get finish(): FinishReason {
    return responsesFinishOf(this.finishReason);
  }

  protected sight(type: string, event: TypedEvent): Sight {
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        return this.#end(event.response, type);
      case 'response.failed':
      case 'response.cancelled':
      case 'error':
        return 'error';
      default:
        return 'none';
    }
  }

  #end(response: unknown, type: string): Sight {
    const end = responseEnd(response, type);
    if (end === undefined) return 'broken';
    this.finishReason = end.word;
    this.usage = end.usage;
    return end.failed ? 'error' : 'end';
  }
}
