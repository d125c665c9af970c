import type { Generation, GenerationReader } from './generation.ts';

/** How answers of one kind are taken apart and put together again. Head and end must be plain JSON. */
export interface Medium<Answer, Head, End> {
  /** Gives an answer's pieces, and its end, to a generation. @returns what its readers know before the first piece */
  feed(answer: Answer, generation: Generation<End>): Head;
  /** What one request reads. */
  read(head: Head, reader: GenerationReader<End>): Answer;
  /** Whether an answer with this proper end is one that can be given again. */
  keepable(end: End): boolean;
}

/** Of OpenAI's chat, Anthropic's messages, OpenAI's responses: it said all it had to say, or as much as it might. */
const KEPT: ReadonlySet<unknown> = new Set([
  ...['stop', 'length', 'tool_calls', 'function_call'],
  ...['end_turn', 'max_tokens', 'stop_sequence', 'tool_use'],
  ...['completed', 'max_output_tokens'],
]);

/** Whether an answer that ended for this reason is whole. What a filter cut off is not. */
export function isWholeReason(reason: unknown): boolean {
  return KEPT.has(reason);
}
