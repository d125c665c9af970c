import type { WeirError } from './error_code.ts';
import { openAiError } from './openai_error.ts';

/** What all chunks of one answer have in common. */
export interface ChatHead {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
}

export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** The beginning of every chunk, without its closing brace: made once for each answer. */
export function chatPrefix({ id, created, model }: ChatHead): string {
  const head = JSON.stringify({ id, object: 'chat.completion.chunk', created, model });
  return head.slice(0, -1);
}

/** @param delta JSON */
export function chatChunk(prefix: string, delta: string, finishReason: string | null): string {
  return `data: ${prefix},"choices":[{"index":0,"delta":${delta},"finish_reason":${JSON.stringify(finishReason)}}]}\n\n`;
}

export function chatUsageChunk(prefix: string, usage: ChatUsage): string {
  return `data: ${prefix},"choices":[],"usage":${JSON.stringify(usage)}}\n\n`;
}

export const CHAT_DONE = 'data: [DONE]\n\n';

/** Instead of a chunk, and of everything after it. */
export function chatError(error: WeirError): string {
  return `data: ${JSON.stringify(openAiError(error))}\n\n`;
}

/** An answer that is not streamed. */
export function chatCompletion({ id, created, model }: ChatHead, content: string, finish: string, usage: ChatUsage) {
  const choice = { index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: finish };
  return { id, object: 'chat.completion', created, model, choices: [choice], usage };
}
