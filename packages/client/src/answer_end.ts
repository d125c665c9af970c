/** Paths that stream answers in formats whose end is known: of OpenAI, Anthropic and the AI SDK. */
export const STREAMS_ANSWERS = /\/(chat(\/completions)?|messages|responses)$/;

/** What an event says about the end of its answer. `may_end`: it may be the last one. */
export type AnswerSight = 'goes_on' | 'may_end' | 'end';

/**
 * Chat of a server that sends no `[DONE]` is whole after its finish reason, and has failed after an error. In what these
 * names are looked for first, quotes inside of strings have a backslash before them.
 */
const MAY_END =
  /"finish_reason"\s*:\s*"|"type"\s*:\s*"(message_stop|error|response\.(completed|incomplete|failed|cancelled))"|^\{\s*"error"/;
const END = /^(message_stop|response\.(completed|incomplete|failed|cancelled))$/;

/** Whether an answer ends with an event. @param path where it was asked for */
export function lookForEnd(data: string, path: string): AnswerSight {
  if (data === '[DONE]') return 'end';
  if (!MAY_END.test(data)) return 'goes_on';
  const type = typeOf(data);
  // Other formats go on after an error, or end with another event.
  return END.test(type) || (type === 'error' && path.endsWith('/messages')) ? 'end' : 'may_end';
}

function typeOf(data: string): string {
  try {
    return `${(JSON.parse(data) as { type?: unknown }).type}`;
  } catch {
    return '';
  }
}
