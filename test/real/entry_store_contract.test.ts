import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryEntryStore } from '../../src/adapters/stores/cache/memory_entry_store.ts';
import { RedisEntryStore } from '../../src/adapters/stores/cache/redis_entry_store.ts';
import { connectRedis, type RedisConnection } from '../../src/adapters/stores/redis/redis_connection.ts';
import { entryStoreContract } from '../support/entry_store_contract.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { silentLog } from '../support/silent_log.ts';

describe('answers kept in memory', () => entryStoreContract((maxBytes) => new MemoryEntryStore(maxBytes), 1));

describe('answers kept in Redis', () => {
  let server: TestRedis;
  let redis: RedisConnection;
  beforeAll(async () => {
    server = await startRedis();
    redis = await connectRedis(server.url, silentLog);
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.close();
  });

  entryStoreContract((maxBytes) => new RedisEntryStore(redis, maxBytes), 16);

  it('leave no key that lives for ever', async () => {
    const store = new RedisEntryStore(redis, 16_000);
    await store.set('abc', 'entry', 60);
    await store.set('abd', 'entry', 30);
    const keys = await redis.keys('*');
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(await redis.pttl(key), key).toBeGreaterThan(0);
  });

  it('are not there while Redis is not, and nothing fails', async () => {
    const store = new RedisEntryStore(redis, 16_000_000);
    await store.set('abc', 'entry', 60);
    await server.kill();
    expect(await store.get('abc')).toBeUndefined();
    await store.set('abd', 'entry', 60);
  });
});
