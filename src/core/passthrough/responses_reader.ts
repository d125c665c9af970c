import type { Sight } from './event_reader.ts';
import { type TypedEvent, TypedReader } from './typed_reader.ts';

/** What is read of the whole response, as its last event repeats it. */
interface ResponseEnd {
  status?: string;
  incomplete_details?: { reason?: string } | null;
  usage?: { input_tokens?: number; output_tokens?: number } | null;
}

/** OpenAI's responses: the last event says how the whole went, and an answer that stopped early is an answer. */
export class ResponsesReader extends TypedReader {
  protected isPiece(type: string): boolean {
    return type.endsWith('.delta');
  }

  protected sight(type: string, event: TypedEvent): Sight {
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        this.#readEnd(event.response);
        return 'end';
      case 'response.failed':
      case 'response.cancelled':
      case 'error':
        return 'error';
      default:
        return 'none';
    }
  }

  #readEnd(response: unknown): void {
    const { usage, status, incomplete_details } = (response ?? {}) as ResponseEnd;
    this.finishReason = incomplete_details?.reason ?? status;
    if (usage) this.usage = { input_tokens: usage.input_tokens ?? 0, output_tokens: usage.output_tokens ?? 0 };
  }
}
