import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SseDecoder, type SseEvent } from '../../src/formats/sse/sse_decoder.ts';
import { type Instance, startInstance } from './instance.ts';
import { type MockOpenai, startMockOpenai } from './mock_openai.ts';
import { startRedis, type TestRedis } from './redis.ts';

const USER = { 'X-Real-IP': '10.0.0.1' };

/** One connection to a stream. */
export interface Followed {
  status: number;
  threadId: string;
  events: SseEvent[];
  /** All content so far. */
  text(): string;
  /** Settles when the connection has ended, or broken. */
  over: Promise<void>;
}

/** Two instances with one Redis and one mock provider, of which the first is there to be killed. */
export interface TakeoverPair extends AsyncDisposable {
  provider: MockOpenai;
  owner: Instance;
  heir: Instance;
  /** Another instance of the same deployment. */
  start(name: string, environment?: Record<string, string>): Promise<Instance>;
}

/** @param ofOwner on top of what both get */
export async function startPair(
  environment: Record<string, string>,
  ofOwner: Record<string, string> = {},
): Promise<TakeoverPair> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pair-'));
  const redis: TestRedis = await startRedis();
  const provider = await startMockOpenai();
  const running: Instance[] = [];
  const start = async (name: string, more: Record<string, string> = {}) => {
    const instance = await startInstance({
      INSTANCE_ID: name,
      REDIS_URL: redis.url,
      PEER_SOCKET: join(folder, `${name}.sock`),
      TRUSTED_PROXIES: '127.0.0.1',
      OPENAI_BASE_URL: provider.url,
      DEFAULT_PROVIDER: 'openai',
      ...environment,
      ...more,
    });
    running.push(instance);
    return instance;
  };
  const [owner, heir] = await Promise.all([start('owner', ofOwner), start('heir')]);
  return {
    provider,
    owner,
    heir,
    start,
    async [Symbol.asyncDispose]() {
      for (const instance of running) await instance.stop();
      await provider.close();
      await redis.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Opens a stream; resumable unless the body says otherwise. */
export function startStory(instance: Instance, model: string, body: Record<string, unknown> = {}): Promise<Followed> {
  return follow(`${instance.url}/api/v1/stream`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...USER },
    body: JSON.stringify({ query: 'Tell me a story.', model, resumable: true, ...body }),
  });
}

/** Goes on after what `before` has received. */
export function goOn(instance: Instance, before: Followed): Promise<Followed> {
  const after = before.events.findLast(({ id }) => id !== '')?.id ?? '';
  const headers = { ...USER, 'Last-Event-ID': after };
  return follow(`${instance.url}/api/v1/stream/${before.threadId}`, { headers });
}

export function cancel(instance: Instance, threadId: string): Promise<Response> {
  return fetch(`${instance.url}/api/v1/stream/${threadId}`, { method: 'DELETE', headers: USER });
}

async function follow(url: string, init: RequestInit): Promise<Followed> {
  const response = await fetch(url, init);
  const events: SseEvent[] = [];
  const decoder = new SseDecoder();
  const read = async () => {
    try {
      for await (const bytes of response.body ?? []) {
        decoder.push(bytes);
        for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
      }
    } catch {
      // The connection broke; what has come is in `events`.
    }
  };
  const chunks = () => events.filter(({ event }) => event === 'chunk');
  return {
    status: response.status,
    threadId: response.headers.get('x-thread-id') ?? '',
    events,
    text: () => chunks().reduce((text, { data }) => text + JSON.parse(data).content, ''),
    over: read(),
  };
}

/** The one terminal of a stream, over all its connections. */
export function terminal(...connections: Followed[]): Record<string, unknown> & { event: string } {
  const ends = connections.flatMap(({ events }) =>
    events.filter(({ event }) => event === 'complete' || event === 'error'),
  );
  if (ends.length !== 1) throw new Error(`${ends.length} terminals: ${JSON.stringify(ends)}`);
  const [end] = ends as [SseEvent];
  return { event: end.event, ...JSON.parse(end.data) };
}
