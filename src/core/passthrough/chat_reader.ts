import type { EventReader, Sight } from './event_reader.ts';

/** What is read of a `chat.completion.chunk`. */
interface Chunk {
  choices?: { index?: number; delta?: Record<string, unknown>; finish_reason?: string | null }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  error?: unknown;
}

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
    let chunk: Chunk;
    try {
      chunk = JSON.parse(data);
    } catch {
      // The client's library says what it thinks of that; it is no end.
      return 'none';
    }
    if (chunk === null || typeof chunk !== 'object') return 'none';
    if (chunk.error) return 'error';
    if (chunk.usage) {
      const { prompt_tokens: input_tokens = 0, completion_tokens: output_tokens = 0 } = chunk.usage;
      this.usage = { input_tokens, output_tokens };
    }
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    let piece = false;
    for (const choice of choices) {
      if (choice?.finish_reason) {
        this.finishReason ??= choice.finish_reason;
        this.#finished.add(choice.index ?? 0);
      }
      piece ||= saysSomething(choice?.delta);
    }
    this.#begun ||= piece;
    return piece ? 'piece' : 'none';
  }
}

const FINISH = '"finish_reason":';
/** How most servers end a chunk in mid-answer: what follows its choices would stand here. */
const PLAIN_END = `${FINISH}null}]}`;

/**
 * A chunk in mid-answer, known by a few searches instead of by parsing. Quotes inside a JSON string are always escaped,
 * so none of these keys can be part of somebody's text; where one of them is doubtful, the whole is parsed.
 */
function isPlainPiece(data: string): boolean {
  const finish = data.indexOf(FINISH);
  if (finish < 0 || data.includes('"error":')) return false;
  if (finish === data.length - PLAIN_END.length && data.endsWith(PLAIN_END)) return true;
  const value = finish + FINISH.length;
  if (!data.startsWith('null', data.charCodeAt(value) === 32 ? value + 1 : value)) return false;
  return data.indexOf(FINISH, value) < 0 && !data.includes('"usage":{') && !data.includes('"usage": {');
}

/** Text, reasoning, a tool's arguments: anything but a role and emptiness. */
function saysSomething(delta: Record<string, unknown> | undefined): boolean {
  if (!delta) return false;
  return Object.entries(delta).some(([key, value]) => key !== 'role' && value !== '' && value !== null);
}
