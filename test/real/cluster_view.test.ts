import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterView, HealthView } from '../../src/formats/cluster/cluster_view.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

let redis: TestRedis;
let one: Instance;
let two: Instance;
beforeAll(async () => {
  redis = await startRedis();
  const start = (id: string) => startInstance({ INSTANCE_ID: id, REDIS_URL: redis.url });
  [one, two] = await Promise.all([start('app-1'), start('app-2')]);
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await redis.close();
});

const get = async <T>(instance: Instance, path: string): Promise<T> =>
  (await fetch(`${instance.url}/api/v1/${path}`)).json() as Promise<T>;
const ids = async (instance: Instance) =>
  (await get<ClusterView>(instance, 'cluster')).instances.map((each) => each.id);

describe('the cluster', () => {
  it('is seen whole by any instance, with its streams, and without private addresses', async () => {
    await until('both know both', async () => (await ids(one)).length === 2 && (await ids(two)).length === 2);
    const body = { query: 'hi', model: 'm', fake: { tokens: 1_000, ttft_ms: 0 } };
    const held = [0, 1].map(() => rawConnection(two.port, streamPost(body)));
    const view = await until('the streams are announced', async () => {
      const seen = await get<ClusterView>(one, 'cluster');
      return seen.totals.active_streams === 2 ? seen : undefined;
    });
    expect(view).toMatchObject({ instance: 'app-1', redis: 'connected' });
    expect(view.instances).toMatchObject([
      { id: 'app-1', state: 'ready', active_streams: 0, users: 0 },
      { id: 'app-2', state: 'ready', active_streams: 2, users: 1 },
    ]);
    expect(JSON.stringify(view)).not.toContain('peer');
    for (const connection of held) connection.socket.destroy();
    await until('they are gone', async () => (await get<ClusterView>(one, 'cluster')).totals.active_streams === 0);
  });

  it('is shown live as events', async () => {
    const abort = new AbortController();
    const response = await fetch(`${one.url}/api/v1/cluster/events`, { signal: abort.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(part);
      if (text.split('event: cluster\n').length > 3) break;
    }
    abort.abort();
    expect(JSON.parse(text.split('\n\n')[0]?.split('data: ')[1] ?? '')).toMatchObject({ totals: { instances: 2 } });
  });

  it('forgets an instance that was killed, and an instance that left at once', async () => {
    const three = await startInstance({ INSTANCE_ID: 'app-3', REDIS_URL: redis.url });
    await until('it is seen', async () => (await ids(one)).includes('app-3'));
    await three.stop();
    await until('it is gone', async () => !(await ids(one)).includes('app-3'));
    const four = await startInstance({ INSTANCE_ID: 'app-4', REDIS_URL: redis.url });
    await until('it is seen', async () => (await ids(one)).includes('app-4'));
    four.process.kill('SIGTERM');
    expect(await four.exited).toBe(0);
    expect(await ids(one)).not.toContain('app-4');
  });

  it('says that Redis is away, streams on, and recovers by itself', async () => {
    const health = () => get<HealthView>(one, 'health');
    expect(await health()).toMatchObject({ status: 'healthy', redis: 'connected' });
    await redis.kill();
    await until('health says so', async () => (await health()).redis === 'disconnected');
    expect(await health()).toMatchObject({ status: 'degraded' });
    const body = { query: 'hi', model: 'm', fake: { tokens: 3, ttft_ms: 0 } };
    const raw = rawConnection(one.port, streamPost(body, { Connection: 'close' }));
    await raw.ended;
    expect(raw.received()).toContain('[DONE]');
    expect(await ids(one)).toEqual(['app-1']);
    await redis.start();
    await until('health says so', async () => (await health()).status === 'healthy');
    await until('both are back', async () => (await ids(one)).length === 2);
  });

  it('says so too when Redis is frozen and its connections stand', async () => {
    const health = () => get<HealthView>(one, 'health');
    redis.process.kill('SIGSTOP');
    await until('health says so', async () => (await health()).redis === 'disconnected');
    redis.process.kill('SIGCONT');
    await until('health says so', async () => (await health()).status === 'healthy');
  });

  it('leaves no key without a time to live', async () => {
    const { Redis } = await import('ioredis');
    const client = new Redis({ path: redis.url.slice('unix://'.length) });
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(await client.pttl(key), key).toBeGreaterThan(0);
    client.disconnect();
  });
});
