import { deltaBegins } from '../../formats/answer_begins.ts';
import { isPlainPiece, parseChatChunk } from '../../formats/chat/chat_chunk.ts';
import { reportedUsage } from '../../formats/reported_usage.ts';
import type { EventReader, Sight } from './event_reader.ts';

/**
 * Chat completions end with `[DONE]`. A server that sends none has told all when every choice has its finish reason;
 * so with `n` the number of choices counts.
 */
export class ChatReader implements EventReader {
  readonly #choices: number;
  readonly #finished = new Set<number>();
  #begun = false;
  finishReason: string | undefined;
  usage: EventReader['usage'];

  /** @param choices how many the request wants */
  constructor(choices = 1) {
    this.#choices = choices;
  }

  get complete(): boolean {
    return this.#finished.size >= this.#choices;
  }

  read(data: string): Sight {
    if (this.#begun && isPlainPiece(data)) return 'piece';
    if (data === '[DONE]') return 'end';
    const chunk = parseChatChunk(data);
    if (chunk === undefined) return 'broken';
    if (chunk.error) return 'error';
    if (chunk.usage !== undefined && chunk.usage !== null) this.usage = reportedUsage(chunk.usage);
    let piece = false;
    for (const { index, delta, finish_reason } of chunk.choices ?? []) {
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
