import { deltaBegins, type EventParser, type PartParser, type PartSink, type Sight } from '../event_parser.ts';
import { reportedUsage } from '../reported_usage.ts';
import type { StreamPart } from '../stream_part.ts';
import { ToolCallIndex } from '../tool_call_index.ts';
import { type ChatChunk, isPlainPiece, parseChatChunk, plainContent, textOf } from './chat_chunk.ts';
import { readMessage } from './chat_reader.ts';

/**
 * Chat completions end with `[DONE]`. A server that sends none has said all when every choice has its finish reason;
 * so with `n` the number of choices counts.
 */
export class ChatEvents implements EventParser, PartParser {
  readonly #choices: number;
  readonly #wantsParts: boolean;
  readonly #calls = new ToolCallIndex();
  readonly #finished = new Set<number>();
  #begun = false;
  finishReason: string | undefined;
  usage: EventParser['usage'];

  /** @param choices how many the request wants; @param wantsParts whether {@link readParts} gives more than text */
  constructor(choices = 1, wantsParts = false) {
    this.#choices = choices;
    this.#wantsParts = wantsParts;
  }

  get complete(): boolean {
    return this.#finished.size >= this.#choices;
  }

  read(data: string): Sight {
    if (this.#begun && isPlainPiece(data)) return 'piece';
    if (data === '[DONE]') return 'end';
    const chunk = parseChatChunk(data);
    if (chunk === undefined) return 'broken';
    return chunk.error ? 'error' : this.#read(chunk);
  }

  readParts(data: string, sink: PartSink): Sight {
    const plain = plainContent(data);
    if (plain) {
      sink.text(sink.decode(plain));
      return 'piece';
    }
    if (data === '[DONE]') return 'end';
    const chunk = parseChatChunk(sink.decode(data));
    if (chunk === undefined) return 'broken';
    if (chunk.error) return 'error';
    const delta = chunk.choices?.[0]?.delta;
    const text = textOf(delta);
    if (text === undefined) return 'broken';
    const parts: StreamPart[] = [];
    if (this.#wantsParts && delta) readMessage(delta, this.#calls, parts);
    if (parts.at(-1)?.type === 'error') return 'broken';
    const hasBegun = this.#begun;
    const sight = this.#read(chunk);
    if (this.#wantsParts) for (const part of parts) give(part, sink);
    else if (text !== '') sink.text(text);
    else if (sight === 'piece' && !hasBegun) sink.begun();
    return sight;
  }

  #read({ usage, choices }: ChatChunk): Sight {
    if (usage !== undefined && usage !== null) this.usage = reportedUsage(usage);
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

function give(part: StreamPart, sink: PartSink): void {
  if (part.type === 'text') sink.text(part.text);
  else if (part.type !== 'usage' && part.type !== 'finish' && part.type !== 'error') sink.part(part);
}
