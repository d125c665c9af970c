import { setTimeout as sleep } from 'node:timers/promises';
import { openStream } from '../src/client/open_stream.ts';
import { nodeTransport } from '../src/load/node/node_transport.ts';
import type { StackFixture } from '../test/support/stack_fixture.ts';

const SECONDS = 10;

/** What a user at the limit gets, and what happens meanwhile to the streams that fill it. */
export interface Refusals {
  /** Until the head of the 429, in milliseconds. */
  refusedMs: number[];
  /** Between two pieces of the streams that were admitted, in milliseconds; the provider sends one every 20 ms. */
  gapsMs: number[];
}

/**
 * Requests at a fixed rate, through NGINX, of a user whose streams are all taken.
 * @param held streams that fill the limit @throws Error for any answer but 429
 */
export async function refusals(stack: StackFixture, held: number, perSecond: number): Promise<Refusals> {
  const transport = nodeTransport(stack.url, { ca: stack.ca });
  const request = {
    query: 'hi',
    model: 'demo',
    fake: { tokens: 50 * (SECONDS + 5), tokens_per_second: 50, ttft_ms: 0 },
  };
  const gapsMs: number[] = [];
  const leave = new AbortController();
  const streams = Array.from({ length: held }, () => {
    let last = 0;
    return openStream(request, {
      baseUrl: stack.api,
      transport: transport.send,
      signal: leave.signal,
      onEvent: ({ type }) => {
        if (type !== 'chunk') return;
        const now = performance.now();
        if (last > 0) gapsMs.push(now - last);
        last = now;
      },
    });
  });
  await sleep(1_000);
  gapsMs.length = 0;
  const refusedMs: number[] = [];
  const ask = async () => {
    const sentAt = performance.now();
    const answer = await transport.send(`${stack.api}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: undefined,
    });
    refusedMs.push(performance.now() - sentAt);
    if (answer.status !== 429) throw new Error(`a stream above the limit was answered with ${answer.status}`);
    for await (const _ of answer.body);
  };
  const startedAt = performance.now();
  const asked: Promise<void>[] = [];
  for (let at = 0; at < SECONDS * perSecond; at++) {
    const dueMs = (at * 1000) / perSecond - (performance.now() - startedAt);
    if (dueMs > 1) await sleep(dueMs);
    asked.push(ask());
  }
  await Promise.all(asked);
  leave.abort();
  await Promise.allSettled(streams);
  transport.close();
  return { refusedMs, gapsMs };
}
