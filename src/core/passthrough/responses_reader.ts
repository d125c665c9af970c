import { responseEnd } from '../../formats/responses/responses_event.ts';
import type { TypedEvent } from '../../formats/typed_event.ts';
import type { Sight } from './event_reader.ts';
import { TypedReader } from './typed_reader.ts';

/** OpenAI's responses: the last event says how the whole went, and an answer that stopped early is an answer. */
export class ResponsesReader extends TypedReader {
  protected sight(type: string, event: TypedEvent): Sight {
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        return this.#end(event.response);
      case 'response.failed':
      case 'response.cancelled':
      case 'error':
        return 'error';
      default:
        return 'none';
    }
  }

  #end(response: unknown): Sight {
    const end = responseEnd(response);
    if (end === undefined) return 'broken';
    this.finishReason = end.cut ?? end.status;
    this.usage = end.usage;
    return end.failed ? 'error' : 'end';
  }
}
