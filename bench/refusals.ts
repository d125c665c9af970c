import { setTimeout as sleep } from 'node:timers/promises';
import { openStream } from 'weir-client';
import { nodeTransport } from '../src/load/node/node_transport.ts';
import type { StackFixture } from '../test/support/stack_fixture.ts';
import { KeptConnections } from './kept_connections.ts';
import { requestText } from './wave.ts';

/** V8 compiles meanwhile; reported apart, as in the other benchmarks. */
const WARM_UP_SECONDS = 5;
const SECONDS = 10;
const CONNECTIONS = 400;
const TOKENS_PER_SECOND = 50;

/** What a user at the limit gets, and what happens meanwhile to the streams that fill it. All in milliseconds. */
export interface Refusals {
  /** Until the 429 is whole: of a stack that has just started, and of one that has answered for a while. */
  firstMs: number[];
  refusedMs: number[];
  /** The same requests a second, of what NGINX answers alone: what client and machine take of the above. */
  floorMs: number[];
  /** Between two pieces of the streams that were admitted; the provider sends one every 20 ms. */
  gapsMs: number[];
}

/**
 * Requests at a fixed rate, through NGINX, of a user whose streams are all taken.
 * @param held streams that fill the limit @throws Error for any answer but 429
 */
export async function refusals(stack: StackFixture, held: number, perSecond: number): Promise<Refusals> {
  const tokens = TOKENS_PER_SECOND * (WARM_UP_SECONDS + 2 * SECONDS + 10);
  const request = {
    query: 'hi',
    model: 'demo',
    fake: { tokens, tokens_per_second: TOKENS_PER_SECOND, ttft_ms: 0 },
  };
  const transport = nodeTransport(stack.url, { ca: stack.ca });
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
  const connections = await KeptConnections.open(stack.url, stack.ca, CONNECTIONS);
  const refused = requestText('/api/v1/stream', request, { connection: 'keep-alive' });
  const healthy = 'GET /nginx-health HTTP/1.1\r\nhost: bench\r\n\r\n';
  try {
    const firstMs = await waits(connections, { request: refused, status: 429, perSecond, seconds: WARM_UP_SECONDS });
    gapsMs.length = 0;
    const refusedMs = await waits(connections, { request: refused, status: 429, perSecond, seconds: SECONDS });
    const gaps = gapsMs.slice();
    const floorMs = await waits(connections, { request: healthy, status: 200, perSecond, seconds: SECONDS });
    return { firstMs, refusedMs, floorMs, gapsMs: gaps };
  } finally {
    leave.abort();
    await Promise.allSettled(streams);
    connections.close();
    transport.close();
  }
}

/** Asks at that rate, whether answers come or not. @returns milliseconds to each answer's end */
async function waits(
  connections: KeptConnections,
  asked: { request: string; status: number; perSecond: number; seconds: number },
): Promise<number[]> {
  const count = asked.seconds * asked.perSecond;
  const times: number[] = [];
  const answers: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let at = 0; at < count; at++) {
    const dueMs = (at * 1000) / asked.perSecond - (performance.now() - startedAt);
    if (dueMs > 1) await sleep(dueMs);
    const sentAt = performance.now();
    const answered = connections.ask(asked.request).then((answer) => {
      times.push(performance.now() - sentAt);
      if (!answer.startsWith(`HTTP/1.1 ${asked.status} `)) throw new Error(`an answer that was not to come: ${answer}`);
    });
    // Awaited below, all together; unhandled until then it would end this process, and leave its stack behind.
    answered.catch(() => {});
    answers.push(answered);
  }
  await Promise.all(answers);
  return times;
}
