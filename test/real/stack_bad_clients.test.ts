import { once } from 'node:events';
import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HealthView } from '../../src/formats/cluster/cluster_view.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { chunkFrame, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';
import { type RawConnection, rawConnection, streamPost } from '../support/raw_http.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { attach, openThread, resumable } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';
import { vanish } from '../support/vanish.ts';

/** The bound of every wait for a timeout of 30 s at the most. */
const MINUTE = 60_000;

/** A provider that is there and says nothing: only heartbeats go to the client, for two minutes. */
const THINKS: readonly MockStep[] = [
  { head: 200, headers: SSE_HEADERS },
  ...Array.from({ length: 24 }, (): MockStep[] => [{ write: ': thinking\n\n' }, { pause: 5_000 }]).flat(),
];

/** Without pauses, and more than the kernel's buffers hold on any machine: in large pieces, which fill them soon. */
const POURS: readonly MockStep[] = [
  { head: 200, headers: SSE_HEADERS },
  ...Array<MockStep>(40_000).fill({ write: chunkFrame({ content: 'word '.repeat(800) }) }),
];
const SCRIPTS: Record<string, readonly MockStep[]> = { 'mock-thinks': THINKS, 'mock-pours': POURS };

let provider: MockOpenai;
let environment: Record<string, string>;
let stack: StackFixture;
let instance: Instance;
beforeAll(async () => {
  provider = await startMockOpenai({ script: ({ body }) => SCRIPTS[String(body.model)] });
  environment = { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'test' };
  stack = await newStack(environment);
  await stack.start(['--instances', '1', '--max-per-user', '100']);
  instance = await startInstance(environment);
});
afterAll(async () => {
  await instance.stop();
  await stack.destroy();
  await provider.close();
});

const asked = (prompt: string) => provider.requests.filter(({ body }) => JSON.stringify(body).includes(prompt)).length;
const body = (query: string, model = 'mock-pours') => ({ query, model, provider: 'openai' });

/** A TLS connection on a socket that is ours, so that it can vanish. */
function overTls(protocol: string): { socket: Socket; tls: ReturnType<typeof connectTls> } {
  const socket = connect(stack.ports.https, '127.0.0.1');
  return { socket, tls: connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: [protocol] }) };
}

/** A request over HTTP/2, and the socket below it. */
function overHttp2(): { socket: Socket; request: ClientHttp2Stream } {
  const { socket, tls } = overTls('h2');
  const session = connectHttp2(stack.url, { createConnection: () => tls });
  session.on('error', () => {});
  const request = session.request({
    ':method': 'POST',
    ':path': '/api/v1/stream',
    'content-type': 'application/json',
  });
  request.on('error', () => {});
  return { socket, request };
}

/** Counts what comes. */
function bytesOf(source: Readable): () => number {
  let bytes = 0;
  source.on('data', (data) => {
    bytes += data.length;
  });
  source.on('error', () => {});
  return () => bytes;
}

/** Each opens a stream, and gives its socket once something of it has come. */
const WAYS = {
  'an instance': async (asked: object) => {
    const raw = rawConnection(instance.port, streamPost(asked));
    await until('an answer', () => raw.bytes() > 0);
    return raw.socket;
  },
  'NGINX over HTTP/1.1': async (asked: object) => {
    const { socket, tls } = overTls('http/1.1');
    const bytes = bytesOf(tls);
    tls.write(streamPost(asked));
    await until('an answer', () => bytes() > 0);
    return socket;
  },
  'NGINX over HTTP/2': async (asked: object) => {
    const { socket, request } = overHttp2();
    const bytes = bytesOf(request);
    request.end(JSON.stringify(asked));
    await until('an answer', () => bytes() > 0);
    return socket;
  },
};

/** What is not pauseless fills no buffer of the kernel in time: there only the missing acknowledgements show it. */
const STREAMS: [string, keyof typeof WAYS, string][] = [
  ['a stream without pauses', 'an instance', 'mock-pours'],
  ['a stream without pauses', 'NGINX over HTTP/1.1', 'mock-pours'],
  ['a stream without pauses', 'NGINX over HTTP/2', 'mock-pours'],
  ['a slow stream', 'NGINX over HTTP/1.1', 'mock-3000x2'],
  ['a slow stream', 'NGINX over HTTP/2', 'mock-3000x2'],
  ['a stream of heartbeats only', 'NGINX over HTTP/1.1', 'mock-thinks'],
  ['a stream of heartbeats only', 'NGINX over HTTP/2', 'mock-thinks'],
];

/** The value of a metric without labels. */
async function metric({ url }: Instance, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

// All of them wait, and do nothing else: at the same time.
describe('a client', () => {
  it.concurrent.each(STREAMS)(
    'of %s, of %s, whose machine vanishes without a word is gone within a minute',
    async (kind, way, model) => {
      const query = `${kind}, ${way}`;
      const socket = await WAYS[way](body(query, model));
      // The head does not wait for a provider that is late.
      await until('the call is there', () => provider.openFor(query) === 1);
      await vanish(socket);
      await until('the call is cancelled', () => provider.openFor(query) === 0, MINUTE);
      socket.destroy();
    },
    2 * MINUTE,
  );

  // NGINX says nothing to a client that does not finish a request: it closes, or resets the stream.
  it.concurrent.each([
    ['headers', 'an instance', 'POST /api/v1/stream HTTP/1.1\r\nHost: x\r\n', true],
    ['body', 'an instance', streamPost(body('slow body')).slice(0, -5), true],
    ['headers', 'NGINX', 'POST /api/v1/stream HTTP/1.1\r\nHost: x\r\n', false],
    ['body', 'NGINX', streamPost(body('slow body')).slice(0, -5), false],
  ])(
    'that never finishes its %s is refused by %s, and no provider is asked',
    async (_part, where, sent, isAnswered) => {
      let received = '';
      const socket = where === 'NGINX' ? overTls('http/1.1').tls : connect(instance.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('data', (data) => {
        received += data;
      });
      const closed = once(socket, 'close');
      socket.write(sent);
      await closed;
      const [head, text = ''] = received.split('\r\n\r\n');
      if (isAnswered) {
        expect(head).toMatch(/^HTTP\/1\.1 408 /);
        expect(JSON.parse(text)).toMatchObject({ error: 'request_timeout', message: expect.stringMatching(/\w/) });
      } else expect(received).toBe('');
      expect(asked('slow body')).toBe(0);
    },
    MINUTE,
  );

  it.concurrent(
    'that never finishes its body over HTTP/2 has its stream reset by NGINX, and no provider is asked',
    async () => {
      const { socket, request } = overHttp2();
      let answer: unknown;
      request.on('response', (head) => {
        answer = head;
      });
      // Not once(): the reset is an error, and no failure here.
      const closed = new Promise((resolve) => request.once('close', resolve));
      request.write(JSON.stringify(body('slow body')).slice(0, -5));
      await closed;
      expect(answer).toBeUndefined();
      expect(request.rstCode).not.toBe(0);
      expect(asked('slow body')).toBe(0);
      socket.destroy();
    },
    MINUTE,
  );

  it.concurrent(
    'that reads nothing of a resumable stream is cut after 30 s, and its place as a reader is free',
    async () => {
      const spoken = { seed: 23, tokens: 90_000, tokens_per_second: 0 };
      const first = await openThread(instance.url, resumable(spoken), { 'X-Thread-ID': 'stuck' });
      await first.ended;
      const request = 'GET /api/v1/stream/stuck HTTP/1.1\r\nHost: x\r\n\r\n';
      const stuck = Array.from({ length: 10 }, () => rawConnection(instance.port, request, false));
      const one = async () => {
        const reading = await attach(instance.url, 'stuck', '1.90000');
        await reading.ended;
        return reading.status;
      };
      await until('no more readers fit', async () => (await one()) === 429);
      await until('one more fits', async () => (await one()) === 200, MINUTE);
      let tail = '';
      const [raw] = stuck as [RawConnection];
      raw.socket.on('data', (data) => {
        tail = `${tail}${data}`.slice(-100);
      });
      await raw.ended;
      expect(tail).not.toBe('');
      expect(tail).not.toContain('[DONE]');
      for (const { socket } of stuck) socket.destroy();
    },
    2 * MINUTE,
  );

  it.concurrent.each([
    ['/api/v1/stream', body],
    ['/v1/chat/completions', (content: string) => ({ messages: [{ role: 'user', content }], stream: true })],
  ])(
    'that reads nothing of %s holds back the provider instead of filling the memory, and is cut after 30 s',
    async (path, ask) => {
      const own = await startInstance({ ...environment, DEFAULT_PROVIDER: 'openai' });
      const query = `without a reader ${path}`;
      const raw = rawConnection(own.port, streamPost({ ...ask(query), model: 'mock-pours' }, {}, path), false);
      try {
        // Kernel buffers on both sides take some megabytes; then the provider must stand still.
        let last = -1;
        const isStill = async () => {
          const before = last;
          await new Promise((resolve) => setTimeout(resolve, 300));
          last = await metric(own, 'weir_inter_chunk_seconds_count');
          return last === before && last > 100;
        };
        await until('the provider stands still', isStill, MINUTE);
        expect(await metric(own, 'weir_resident_memory_bytes')).toBeLessThan(400 * 1024 * 1024);
        expect(provider.openFor(query)).toBe(1);
        await until('it is cut', () => own.lines.some(({ outcome }) => outcome === 'slow_reader'), MINUTE);
        await until('the call is ended', () => provider.openFor(query) === 0);
        await until('its slot is free', async () => (await metric(own, 'weir_pool_connections')) === 0);
      } finally {
        raw.socket.destroy();
        await own.stop();
      }
    },
    3 * MINUTE,
  );

  it('has left no slot taken', async () => {
    const held = async (api: string) => {
      const health = await shortRequest({ url: `${api}/health` });
      return (JSON.parse(health.body) as HealthView).pool.total_connections;
    };
    for (const api of [stack.api, `${instance.url}/api/v1`]) {
      await until('every slot is free', async () => (await held(api)) === 0);
    }
  });
});
