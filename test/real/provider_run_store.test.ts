import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/adapters/stores/redis/redis_connection.ts';
import { MemoryLogStore } from '../../src/adapters/stores/stream_log/memory_log_store.ts';
import { RedisLogStore } from '../../src/adapters/stores/stream_log/redis_log_store.ts';
import type { ResumableRecord } from '../../src/core/durable/resumable_record.ts';
import { streamRequestSchema } from '../../src/formats/weir/stream_request.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { silentLog } from '../support/silent_log.ts';

let redis: TestRedis;
let connection: RedisConnection;
beforeAll(async () => {
  redis = await startRedis();
  connection = await connectRedis(redis.url, silentLog);
});
afterAll(async () => {
  connection.disconnect();
  await redis.close();
});

const request = streamRequestSchema.parse({ query: 'hi', model: 'm', resumable: true });
const record = (id: string): ResumableRecord => ({
  id,
  owner: 'boot-a',
  number: '1',
  epoch: 1,
  ends: [],
  state: 'running',
  checkpoint: 0,
  takeovers: 0,
  userId: 'u',
  token: 't',
  permitId: 'p',
  provider: 'openai',
  model: 'm',
  instance: 'app-1',
  promptLength: 2,
  createdAt: 0,
});

describe('the name of a provider’s run', () => {
  it.each([
    ['Redis', () => new RedisLogStore(connection)],
    ['memory', () => new MemoryLogStore()],
  ])('is read with its thread, from %s', async (_, make) => {
    const store = make();
    const mine = record('thread-a');
    await store.create(mine, request);
    expect((await store.read(mine.id))?.providerRun).toBeUndefined();
    expect(await store.setProviderRun(mine, 'resp_1')).toBe(true);
    expect((await store.read(mine.id))?.providerRun).toBe('resp_1');
    expect(await store.setProviderRun(record('unknown'), 'resp_1')).toBe(false);
  });

  it('goes over to the next owner, and the last one can’t change it any more', async () => {
    const store = new RedisLogStore(connection);
    const mine = record('thread-b');
    await store.create(mine, request);
    await store.setProviderRun(mine, 'resp_1');
    const next = { ...mine, owner: 'boot-b', epoch: 2 };
    expect(await store.adopt(next, 'boot-a', request)).toBe(0);
    expect(await store.setProviderRun(mine, 'resp_2')).toBe(false);
    expect(await store.read(mine.id)).toMatchObject({ owner: 'boot-b', providerRun: 'resp_1' });
    expect(await store.setProviderRun(next, 'resp_3')).toBe(true);
    expect((await store.read(mine.id))?.providerRun).toBe('resp_3');
  });

  it.each([
    ['Redis', () => new RedisLogStore(connection)],
    ['memory', () => new MemoryLogStore()],
  ])('is forgotten when another target is asked, in %s', async (_, make) => {
    const store = make();
    const mine = record('thread-c');
    await store.create({ ...mine }, request);
    await store.setProviderRun(mine, 'resp_1');
    expect(await store.setTarget({ ...mine, provider: 'groq', model: 'n' })).toBe(true);
    expect(await store.read(mine.id)).toMatchObject({ provider: 'groq', model: 'n', owner: 'boot-a' });
    expect((await store.read(mine.id))?.providerRun).toBeUndefined();
    expect(await store.setTarget(record('unknown'))).toBe(false);
  });
});
