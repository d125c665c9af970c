import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunkFrame, DONE_FRAME, ROLE_FRAME, SSE_HEADERS, usageFrame } from './openai_frames.ts';

/** A text that is the same at each request, and different at each place: `story-<pieces>x<per second>`. */
export interface Story {
  pieces: readonly string[];
  text: string;
  /** 0: at once. */
  perSecond: number;
}

/** Undefined for any other model. */
export function storyOf(model: string | undefined): Story | undefined {
  const [, count, perSecond] = /^story-(\d+)x(\d+)/.exec(model ?? '') ?? [];
  if (count === undefined) return undefined;
  const pieces = Array.from({ length: Number(count) }, (_, at) => `${at % 7 === 0 ? 'Wörter 水' : 'words'} ${at}. `);
  return { pieces, text: pieces.join(''), perSecond: Number(perSecond) };
}

/**
 * Sends it as chat completions, and goes on exactly after the prefix that it was given, in either way. A model named
 * `…-echo` says that prefix first.
 */
export async function sendStory(story: Story, body: Record<string, unknown>, response: ServerResponse): Promise<void> {
  const last = (body.messages as { role: string; content: string; prefix?: boolean }[]).at(-1);
  const marked = last?.prefix === true || (body.continue_final_message === true && !body.add_generation_prompt);
  const given = last?.role === 'assistant' && marked ? last.content : '';
  const echo = given !== '' && String(body.model).endsWith('-echo') ? [given] : [];
  const rest = restOfStory(story, given);
  response.writeHead(200, SSE_HEADERS);
  response.write(ROLE_FRAME);
  for (const content of [...echo, ...rest]) {
    if (story.perSecond > 0) await sleep(1000 / story.perSecond);
    if (response.destroyed) return;
    response.write(chunkFrame({ content }));
  }
  response.end(chunkFrame({}, 'stop') + usageFrame(7 + given.length, rest.length) + DONE_FRAME);
}

/** The whole story where nothing was given. */
function restOfStory({ pieces, text }: Story, given: string): readonly string[] {
  if (!text.startsWith(given)) throw new Error(`not a beginning of the story: ${JSON.stringify(given)}`);
  const rest: string[] = [];
  let at = 0;
  for (const piece of pieces) {
    at += piece.length;
    if (at > given.length) rest.push(piece.slice(Math.max(0, piece.length - (at - given.length))));
  }
  return rest;
}
