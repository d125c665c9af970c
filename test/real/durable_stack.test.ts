import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStream, resumableFetch } from 'weir-client';
import { SseDecoder, type SseEvent } from '../../src/formats/sse/sse_decoder.ts';
import { nodeTransport } from '../../src/load/node/node_transport.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { Http2Client, requestHttp1, type StackRequest } from '../support/stack_requests.ts';
import { resumable, sha256, textOf } from '../support/thread_reading.ts';
import { trustingFetch } from '../support/trusting_fetch.ts';
import { until } from '../support/until.ts';

let stack: StackFixture;
let http2: Http2Client;
beforeAll(async () => {
  stack = await newStack();
  await stack.start(['--instances', '2', '--max-per-user', '100']);
  http2 = new Http2Client(stack.url);
});
afterAll(async () => {
  http2.close();
  await stack.destroy();
});

const one = (request: StackRequest) => requestHttp1(stack.url, request);
const two = (request: StackRequest) => http2.request(request);
const spoken = (seed: number, tokens = 300) => ({ seed, tokens, tokens_per_second: 100 });
const chunksIn = (text: string) => text.split('event: chunk').length - 1;

function eventsOf(...texts: string[]): SseEvent[] {
  return texts.flatMap((text) => {
    const decoder = new SseDecoder();
    decoder.push(new TextEncoder().encode(text));
    const events: SseEvent[] = [];
    for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
    return events;
  });
}

function expectWhole(seed: number, tokens: number, events: SseEvent[]): void {
  const chunks = events.filter(({ event }) => event === 'chunk');
  const text = textOf(spoken(seed, tokens));
  expect(chunks.map(({ data }) => JSON.parse(data).content).join('')).toBe(text);
  expect(chunks.map(({ id }) => Number(id.split('.')[1]))).toEqual(Array.from({ length: tokens }, (_, at) => at + 1));
  const ends = events.filter(({ event }) => event === 'complete' || event === 'error');
  expect(ends).toHaveLength(1);
  expect(JSON.parse(ends[0]?.data ?? '')).toMatchObject({ chunk_count: tokens, sha256: sha256(text) });
}

/** Known before a stream starts: asking for them takes as long as half a stream where the machine is busy. */
let pids = new Map<string, number | null>();
beforeEach(async () => {
  pids = await until('all instances run', async () => {
    const services = await stack.services();
    const all = services.every(({ healthy }) => healthy);
    return all ? new Map(services.map(({ name, pid }) => [name, pid])) : undefined;
  });
});

async function killOwner(instance: string): Promise<void> {
  process.kill(pids.get(instance) as number, 'SIGKILL');
}

/** `curl`, as anybody would type it. @param onText gets all that has come so far */
function curl(args: string[], onText: (text: string) => void = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('curl', ['--silent', '--insecure', '--no-buffer', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      onText(text);
    });
    child.once('error', reject).once('close', () => resolve(text));
  });
}

describe('an instance behind NGINX that is killed at token 100 of 300', () => {
  it.each([
    ['HTTP/1.1', one, 81],
    ['HTTP/2', two, 82],
  ] as const)(
    'over %s cuts its stream visibly, and NGINX brings the rest from another one',
    async (_, request, seed) => {
      let text = '';
      let killed: Promise<void> | undefined;
      const cut = await request({
        path: '/api/v1/stream',
        body: resumable(spoken(seed)),
        headers: { 'X-Thread-ID': `stack_${seed}` },
        onData: (piece) => {
          text += piece;
          if (chunksIn(text) < 100 || killed) return;
          killed = killOwner(String(/"instance":"(app-\d)"/.exec(text)?.[1]));
        },
      });
      expect(cut.broken).toBeDefined();
      expect(cut.headers['x-thread-id']).toBe(`stack_${seed}`);
      expect(cut.text).not.toContain('[DONE]');
      const before = eventsOf(cut.text);
      const rest = await request({
        path: `/api/v1/stream/stack_${seed}`,
        headers: { 'Last-Event-ID': before.at(-1)?.id ?? '' },
      });
      expect(rest.status).toBe(200);
      expect(rest.headers['x-gateway-via']).toBe('nginx');
      expect(rest.headers['x-instance-id']).not.toBe(cut.headers['x-instance-id']);
      expectWhole(seed, 300, [...before, ...eventsOf(rest.text)]);
      const end = await request({
        path: `/api/v1/stream/stack_${seed}`,
        headers: { 'Last-Event-ID': eventsOf(rest.text).at(-1)?.id ?? '' },
      });
      expect(end.status).toBe(204);
    },
  );

  it.each([
    ['HTTP/1.1', true, 83],
    ['HTTP/2', false, 84],
  ])('costs the client library nothing over %s', async (_, http1, seed) => {
    const transport = nodeTransport(stack.url, { ca: stack.ca, http1 });
    let killed: Promise<void> | undefined;
    let owner = '';
    const result = await openStream(resumable(spoken(seed)), {
      baseUrl: stack.api,
      transport: transport.send,
      onHead: ({ instance }) => {
        owner ||= instance ?? '';
      },
      onEvent: (event) => {
        if (event.type === 'chunk' && event.data.chunk_index === 100) killed = killOwner(owner);
      },
    });
    transport.close();
    await killed;
    expect(result).toMatchObject({ outcome: 'complete', text: textOf(spoken(seed)), chunks: 300 });
    expect(result.reconnects.length).toBeGreaterThan(0);
  });

  it('leaves plain curl with the rest, from Last-Event-ID on', async () => {
    const body = ['--header', 'Content-Type: application/json', '--data', JSON.stringify(resumable(spoken(85)))];
    let killed: Promise<void> | undefined;
    const first = curl([...body, '--header', 'X-Thread-ID: by_curl', `${stack.api}/stream`], (text) => {
      if (chunksIn(text) >= 10) killed ??= killOwner(String(/"instance":"(app-\d)"/.exec(text)?.[1]));
    });
    const before = eventsOf(await first);
    await killed;
    const last = before.at(-1)?.id ?? '';
    expect(before.length).toBeLessThan(302);
    const rest = await curl(['--header', `Last-Event-ID: ${last}`, `${stack.api}/stream/by_curl`]);
    expectWhole(85, 300, [...before, ...eventsOf(rest)]);
  });
});

/** An official client's stream of the fake provider, event by event. */
const OFFICIAL = {
  chat: (fetch: typeof globalThis.fetch, body: object) =>
    new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'any', fetch, maxRetries: 0 }).chat.completions.create({
      ...{ model: 'fake/demo', messages: [{ role: 'user', content: 'hi' }], stream: true },
      ...body,
    }),
  responses: (fetch: typeof globalThis.fetch, body: object) =>
    new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'any', fetch, maxRetries: 0 }).responses.create({
      ...{ model: 'fake/demo', input: 'hi', stream: true },
      ...body,
    }),
  messages: (fetch: typeof globalThis.fetch, body: object) =>
    new Anthropic({ baseURL: stack.url, apiKey: 'any', fetch, maxRetries: 0 }).messages.create({
      ...{ model: 'fake/demo', max_tokens: 999, messages: [{ role: 'user', content: 'hi' }], stream: true },
      ...body,
    }),
};

/** What differs between two answers to one request: ids, times and the instance. */
const alike = (text: string) => text.replace(/"(\w*id|created\w*)":\s*("[^"]*"|\d+)/g, '"$1":0');

describe('an official client with resumableFetch', () => {
  it.each(['chat', 'responses', 'messages'] as const)(
    'gets the bytes and events of an undisturbed answer (%s) where the owner is killed in the middle',
    async (format) => {
      const plain = trustingFetch(stack.ca);
      const fake = { seed: 87, tokens: 200, ttft_ms: 0 };
      const reasons: string[] = [];
      const resuming = resumableFetch({ fetch: plain, onInterrupt: (reason) => void reasons.push(reason) });
      /** One answer as its client sees it, and its bytes. */
      const answer = async (
        send: typeof fetch,
        tokens_per_second: number,
        onEvent: (count: number, head: Headers) => void = () => {},
      ) => {
        let head = new Headers();
        let bytes: Promise<string> | undefined;
        const watched: typeof fetch = async (...args) => {
          const response = await send(...args);
          const [one, other] = response.body!.tee();
          head = response.headers;
          bytes = new Response(one).text();
          return new Response(other, response);
        };
        const events: string[] = [];
        for await (const event of await OFFICIAL[format](watched, { fake: { ...fake, tokens_per_second } })) {
          events.push(alike(JSON.stringify(event)));
          onEvent(events.length, head);
        }
        return { events, head, bytes: await bytes! };
      };
      const undisturbed = await answer(plain, 0);
      const survived = await answer(resuming, 100, (count, head) => {
        if (count === 100) void killOwner(head.get('x-instance-id') ?? '');
      });
      expect(reasons[0]).toContain('the connection broke');
      expect(survived.events).toEqual(undisturbed.events);
      expect(alike(survived.bytes)).toBe(alike(undisturbed.bytes));
      const again = await plain(`${stack.api}/stream/${survived.head.get('x-thread-id')}`, {
        headers: { 'x-resume-token': survived.head.get('x-resume-token') ?? '' },
      });
      expect(await again.text()).toBe(survived.bytes);
    },
  );
});

describe('NGINX', () => {
  it('hands every token of an attached stream on as it comes, and a cancellation to the owner of the stream', async () => {
    const opened = two({
      path: '/api/v1/stream',
      body: resumable({ seed: 86, tokens: 2_000, tokens_per_second: 50 }),
      headers: { 'X-Thread-ID': 'watched' },
    });
    const pieces: number[] = [];
    await until('it is known', async () => (await one({ path: '/api/v1/stream/none' })).status === 404);
    const watched = await until('a client can attach', async () => {
      const answer = two({
        path: '/api/v1/stream/watched',
        onData: (piece) => {
          pieces.push(chunksIn(piece));
          if (pieces.length === 40) void one({ path: '/api/v1/stream/watched', method: 'DELETE' });
        },
      });
      return (await answer).status === 200 ? answer : undefined;
    });
    expect(pieces.filter((count) => count > 0).length).toBeGreaterThan(20);
    expect(watched.text).toContain('"error":"cancelled"');
    expect((await opened).text).toContain('"error":"cancelled"');
  });
});

/** Slow enough that forty streams of a busy machine are all in mid-stream at once. */
const slowly = (seed: number) => ({ seed, tokens: 150, tokens_per_second: 40 });
const workersOf = (master: number) =>
  readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').map(Number);

/** Forty streams of the client library through NGINX, half of them over each HTTP version; `fault` strikes in mid-stream. */
async function through(fault: () => Promise<void>) {
  const transports = [true, false].map((http1) => nodeTransport(stack.url, { ca: stack.ca, http1 }));
  const ripe = new Set<number>();
  const streams = Array.from({ length: 40 }, (_, seed) =>
    openStream(resumable(slowly(seed)), {
      baseUrl: stack.api,
      transport: transports[seed % 2]!.send,
      onEvent: (event) => void (event.type === 'chunk' && event.data.chunk_index === 30 && ripe.add(seed)),
    }),
  );
  await until('all are in mid-stream', () => ripe.size === streams.length);
  await fault();
  const results = await Promise.all(streams);
  for (const transport of transports) transport.close();
  expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'complete'));
  results.forEach(({ text }, seed) => {
    expect(text).toBe(textOf(slowly(seed)));
  });
  return results;
}

describe('resumable streams behind NGINX', () => {
  it('go on when one of its workers is killed: those that it carried, over new connections', async () => {
    const master = pids.get('nginx') as number;
    const results = await through(async () => {
      // One may have taken all connections.
      const carried = (worker: number) => readdirSync(`/proc/${worker}/fd`).length;
      const [busiest] = workersOf(master).toSorted((a, b) => carried(b) - carried(a));
      process.kill(busiest!, 'SIGKILL');
    });
    expect(results.some(({ reconnects }) => reconnects.length > 0)).toBe(true);
    expect(results.every(({ epoch }) => epoch === 1)).toBe(true);
  });

  it('go on when it dies as a whole, and is back', async () => {
    const master = pids.get('nginx') as number;
    const results = await through(async () => {
      for (const pid of [master, ...workersOf(master)]) process.kill(pid, 'SIGKILL');
    });
    expect(results.every(({ reconnects }) => reconnects.length > 0)).toBe(true);
    expect(results.every(({ epoch }) => epoch === 1)).toBe(true);
  });

  it('go on when all instances die, once they are back', async () => {
    const results = await through(async () => {
      for (const name of ['app-1', 'app-2']) await killOwner(name);
    });
    expect(results.every(({ epoch }) => epoch > 1)).toBe(true);
  });
});
