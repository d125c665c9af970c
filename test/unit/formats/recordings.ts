import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SseDecoder } from '../../../src/formats/sse/sse_decoder.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { formatOf } from './formats_under_test.ts';

/** Streams in the shapes of real providers, with all that no client reads, and the format of each. */
export const RECORDINGS: Readonly<Record<string, string>> = {
  openai_chat: 'chat',
  openrouter_chat: 'chat',
  anthropic_thinking: 'messages',
  anthropic_search: 'messages',
  openai_responses: 'responses',
  openai_responses_refusal: 'responses',
};

export const recording = (name: string): Buffer =>
  readFileSync(path.join(import.meta.dirname, 'recorded', `${name}.sse`));

/** @param pieces of a stream, cut anywhere @returns its parts, with what the end of the bytes adds */
export function partsOf(upstream: string, pieces: readonly Uint8Array[]): StreamPart[] {
  const reader = formatOf(upstream).format.reader();
  const decoder = new SseDecoder();
  const parts: StreamPart[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let event = decoder.next(); event; event = decoder.next()) parts.push(...reader.read(event.data));
  }
  return [...parts, ...reader.end()];
}
