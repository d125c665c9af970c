import { deltaBegins, type EventParser, type Sight } from '../event_parser.ts';
import type { FinishReason } from '../stream_part.ts';
import { type ChatChunk, isPlainPiece, parseChatChunk } from './chat_chunk.ts';
import { chatFinishOf, chatUsageOf, isBrokenOff } from './chat_end.ts';

/**
 * Chat completions end with `[DONE]`. A server that sends none has said all when every choice has its finish reason;
 * so with `n` the number of choices counts. An answer that the server broke off fails, but passes to its end.
 */
export class ChatEvents implements EventParser {
  readonly #choices: number;
  readonly #finished = new Set<number>();
  #begun = false;
  finishReason: string | undefined;
  usage: EventParser['usage'];

  /** @param choices how many the request wants */
  constructor(choices = 1) {
    this.#choices = choices;
  }

  get finish(): FinishReason {
    return chatFinishOf(this.finishReason);
  }

  get complete(): boolean {
    return this.#finished.size >= this.#choices && !isBrokenOff(this.finishReason);
  }

  read(data: string): Sight {
    if (this.#begun && isPlainPiece(data)) return 'piece';
    if (data === '[DONE]') return isBrokenOff(this.finishReason) ? 'error' : 'end';
    const chunk = parseChatChunk(data);
    if (chunk === undefined) return 'broken';
    return chunk.error ? 'error' : this.#read(chunk);
  }

  #read({ usage, choices }: ChatChunk): Sight {
    if (usage !== undefined && usage !== null) this.usage = chatUsageOf(usage);
    let piece = false;
    for (const { index, delta, finish_reason } of choices ?? []) {
      if (finish_reason) {
        this.finishReason ??= finish_reason;
        if ((index ?? 0) < this.#choices) this.#finished.add(index ?? 0);
      }
      piece ||= deltaBegins(delta);
    }
    this.#begun ||= piece;
    return piece ? 'piece' : 'none';
  }
}
