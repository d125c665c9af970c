import type { Sight } from './event_reader.ts';
import { type TypedEvent, TypedReader } from './typed_reader.ts';

interface TokenCounts {
  input_tokens?: number | null;
  output_tokens?: number | null;
}

/** Anthropic's messages end with `message_stop`; the counts come in two parts, before and after the text. */
export class MessagesReader extends TypedReader {
  protected isPiece(type: string): boolean {
    return type === 'content_block_delta';
  }

  protected sight(type: string, event: TypedEvent): Sight {
    switch (type) {
      case 'message_start':
        this.#add((event.message as { usage?: TokenCounts } | undefined)?.usage);
        return 'none';
      case 'message_delta':
        this.#add(event.usage as TokenCounts | undefined);
        this.finishReason = (event.delta as { stop_reason?: string } | undefined)?.stop_reason ?? this.finishReason;
        return 'none';
      case 'message_stop':
        return 'end';
      case 'error':
        return 'error';
      default:
        return 'none';
    }
  }

  /** Counts are totals so far. */
  #add(counts: TokenCounts | undefined): void {
    if (!counts) return;
    const { input_tokens = 0, output_tokens = 0 } = this.usage ?? {};
    this.usage = {
      input_tokens: counts.input_tokens ?? input_tokens,
      output_tokens: counts.output_tokens ?? output_tokens,
    };
  }
}
