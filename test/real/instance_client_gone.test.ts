import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HealthView } from '../../src/formats/cluster/cluster_view.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { type RawConnection, rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

let provider: MockOpenai;
let instance: Instance;
beforeAll(async () => {
  provider = await startMockOpenai();
  instance = await startInstance({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'test',
    DEFAULT_PROVIDER: 'openai',
    MAX_CONNECTIONS_PER_USER: '1000',
  });
});
afterAll(async () => {
  await instance.stop();
  await provider.close();
});

async function held(): Promise<number> {
  const health = (await (await fetch(`${instance.url}/api/v1/health`)).json()) as HealthView;
  return health.pool.total_connections;
}

/** What each endpoint wants to hear, and what content looks like there. */
const ENDPOINTS: [string, Record<string, unknown>, string][] = [
  ['/api/v1/stream', { query: 'hi' }, 'event: chunk'],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }], stream: true }, '"content":"word'],
];

async function nothingLeft(): Promise<void> {
  await until('the provider sees every call closed', () => provider.open === 0);
  await until('every slot is free', async () => (await held()) === 0);
}

describe.each(ENDPOINTS)('a client of %s that leaves', (path, body, content) => {
  const post = (model: string) => streamPost({ ...body, model }, {}, path);
  const open = (model: string): RawConnection => rawConnection(instance.port, post(model));
  beforeEach(nothingLeft);

  it.each([
    ['before the provider has answered', 'mock-hang-before-head', () => provider.open === 1],
    ['in the provider’s silence', 'mock-hang-after-head', () => provider.open === 1],
    ['in mid-stream', 'mock-10000x20', (raw: RawConnection) => raw.received().includes(content)],
  ])('%s cancels the call and frees the slot', async (_, model, reached) => {
    const raw = open(model);
    await until('the stage', () => reached(raw));
    expect(await held()).toBe(1);
    raw.socket.destroy();
    await nothingLeft();
  });

  it('before it has sent its body, takes nothing', async () => {
    const calls = provider.requests.length;
    const raw = rawConnection(instance.port, post('mock-10000x20').slice(0, -5));
    raw.socket.end();
    await raw.ended;
    expect(provider.requests).toHaveLength(calls);
    await nothingLeft();
  });

  it('together with 200 others, leaves nothing behind, and the instance answers on', async () => {
    const all = Array.from({ length: 200 }, () => open('mock-10000x2'));
    await until('all of them stream', () => all.every((raw) => raw.received().includes(content)));
    for (const raw of all) raw.socket.destroy();
    expect((await fetch(`${instance.url}/api/v1/health/live`)).status).toBe(200);
    await nothingLeft();
    await until('the metrics say so', async () => {
      const metrics = await (await fetch(`${instance.url}/metrics`)).text();
      return /^weir_active_streams 0$/m.test(metrics) && /^weir_pool_connections 0$/m.test(metrics);
    });
  });
});

it('a client that waits for a whole answer, and leaves, cancels the call too', async () => {
  await nothingLeft();
  const body = { model: 'mock-hang-before-head', messages: [{ role: 'user', content: 'hi' }] };
  const raw = rawConnection(instance.port, streamPost(body, {}, '/v1/chat/completions'));
  await until('the call is there', () => provider.open === 1);
  raw.socket.destroy();
  await nothingLeft();
});
