import type { Sight } from './event_reader.ts';
import { type TypedEvent, TypedReader } from './typed_reader.ts';

/** OpenAI's responses: the last event says how the whole went, and an answer that stopped early is an answer. */
export class ResponsesReader extends TypedReader {
  protected isPiece(type: string): boolean {
    return type.endsWith('.delta');
  }

  protected sight(type: string, event: TypedEvent): Sight {
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        this.#readUsage(event.response);
        return 'end';
      case 'response.failed':
      case 'response.cancelled':
      case 'error':
        return 'error';
      default:
        return 'none';
    }
  }

  #readUsage(response: unknown): void {
    const { usage } = (response ?? {}) as { usage?: { input_tokens?: number; output_tokens?: number } | null };
    if (usage) this.usage = { input_tokens: usage.input_tokens ?? 0, output_tokens: usage.output_tokens ?? 0 };
  }
}
