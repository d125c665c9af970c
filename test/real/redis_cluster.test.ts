import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisDirectory } from '../../src/adapters/stores/directory/redis_directory.ts';
import { RateCounters } from '../../src/adapters/stores/limits/rate_counters.ts';
import { connectRedis, type RedisConnection } from '../../src/adapters/stores/redis/redis_connection.ts';
import { RedisUsageStore } from '../../src/adapters/stores/usage/redis_usage_store.ts';
import type { Announcement } from '../../src/core/cluster/instance_directory.ts';
import { newKey } from '../../src/stack/keys/api_keys.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { startRedisCluster, type TestRedisCluster } from '../support/redis_cluster.ts';
import { silentLog } from '../support/silent_log.ts';
import { type SlotInstance, startSlotInstance } from '../support/slot_cluster.ts';
import { takeAll } from '../support/slot_store_contract.ts';
import { until } from '../support/until.ts';

let cluster: TestRedisCluster;
let redis: RedisConnection;
beforeAll(async () => {
  cluster = await startRedisCluster();
  redis = await connectRedis(cluster.url, silentLog);
});
afterAll(async () => {
  redis.disconnect();
  await cluster.close();
});

const about = (id: string) => ({ id, boot: `${id}-boot` }) as Announcement;

const limits = { maxConnections: 1_000, maxConnectionsPerUser: 3 };

/** Members of all slot sets, on whichever primary they lie. */
async function members(): Promise<number> {
  let count = 0;
  for (const { port, process } of cluster.nodes) {
    if (process.exitCode !== null || process.signalCode !== null) continue;
    if (!(await cluster.cli(port, 'role')).startsWith('master')) continue;
    const keys = (await cluster.cli(port, 'keys', 'weir:slots:*')).split('\n').filter(Boolean);
    for (const key of keys) count += Number(await cluster.cli(port, 'zcard', key));
  }
  return count;
}

describe('keys on a Redis Cluster', () => {
  const keys = Array.from({ length: 20 }, (_, at) => newKey({ name: `key ${at}`, models: ['*'] }, new Date()).key);

  it('have their minutes counted over all instances, on all shards, and their usage', async () => {
    // A busy machine may answer too late for once; what one of them counts alone, the other one does not see.
    const share = (limit: number) => limit;
    const counters = [0, 1].map(() => new RateCounters(redis, { share, onFailure: 'static', log: silentLog }));
    for (const key of keys) {
      const limited = { id: key.id, who: 'This key', requests_per_minute: 10, tokens_per_minute: 100 };
      for (const each of counters) await each.count(limited);
      counters[0]?.charge(limited, 60);
      await until('the tokens are charged', async () => {
        const { requests, tokens } = (await counters[1]?.count(limited)) ?? {};
        return tokens?.used === 60 && (requests?.used ?? 0) > 2;
      });
    }
    const store = new RedisUsageStore(redis);
    const days = ['2026-11-23', '2026-11-24', '2026-11-25'];
    for (const day of days) {
      const increases = keys.map(({ id }) => ({
        key: id,
        provider: 'p',
        model: 'm',
        counters: new Map([['ok', 2] as const]),
      }));
      await store.add({ day, incarnation: 'b', number: 1, increases });
    }
    const rows = await store.read(days);
    expect(rows.map(({ ok }) => ok)).toEqual(Array(60).fill(2));
  });
});

describe('admission on a Redis Cluster', () => {
  let instances: SlotInstance[] = [];
  beforeAll(async () => {
    const start = () => startSlotInstance(cluster.url, { limits });
    instances = await Promise.all([start(), start(), start()]);
  });
  afterAll(() => Promise.all(instances.map((instance) => instance.close())));
  const store = (at: number) => (instances[at % 3] as SlotInstance).store;
  const guesses = () => instances.reduce((sum, { staticDecisions }) => sum + staticDecisions, 0);
  const mistakes = () => instances.flatMap((instance) => instance.mistakes);
  let asked = 0;
  /** A user asks everywhere for `each`, and Redis decides: what a store guesses, as the machine is busy, shows nothing. */
  const askEverywhere = (each: number) =>
    until('Redis decides', async () => {
      asked += 1;
      const user = `user-${asked}`;
      const before = guesses();
      const taken = await Promise.all([0, 1, 2].map((at) => takeAll(store(at), user, each)));
      const release = async () => {
        for (const [at, slots] of taken.entries()) for (const slot of slots) await store(at).release(slot);
      };
      if (guesses() === before) return { user, taken, release };
      await release();
      return undefined;
    });

  it('counts users on all shards, without a guess and without a key in the wrong slot', async () => {
    for (let round = 0; round < 30; round += 1) {
      const { user, taken, release } = await askEverywhere(3);
      expect(taken.flat()).toHaveLength(3);
      await store(0).setDetached({ userId: user, permitId: 'unknown' }, true);
      await release();
    }
    expect(mistakes()).toEqual([]);
    await until('no slot is taken', async () => (await members()) === 0);
  });

  it('refuses no client and loses no release when a primary dies', async () => {
    const users = Array.from({ length: 30 }, (_, index) => `failover-${index}`);
    const held = await Promise.all(users.map((user) => takeAll(store(0), user, 1)));
    const owner = await cluster.ownerOf('weir:{capacity}');
    await cluster.kill(owner);
    // Under way: each user wants a second stream, and gives the first one back.
    let refused = 0;
    for (const [at, user] of users.entries()) {
      if (at === users.length / 2) await cluster.succeed(owner);
      const more = await takeAll(store(1), user, 1);
      if (more.length === 0) refused += 1;
      held[at]?.push(...more);
      for (const slot of held[at] ?? []) for (const each of [0, 1]) await store(each).release(slot);
    }
    expect(refused).toBeLessThanOrEqual(1);
    await until('a replica has taken over', () => instances.every((instance) => !instance.store.failing()));
    await until('no slot is taken', async () => (await members()) === 0);
    await cluster.revive(owner);
    for (let round = 0; round < 30; round += 1) {
      const { user, taken, release } = await askEverywhere(2);
      expect(taken.flat(), user).toHaveLength(3);
      await release();
    }
    expect(mistakes()).toEqual([]);
  });

  it('serves an instance as a process', async () => {
    const instance: Instance = await startInstance({
      REDIS_URL: cluster.url,
      POOL_SCOPE: 'cluster',
      MAX_CONNECTIONS_PER_USER: '1',
    });
    const body = { query: 'hi', model: 'm', fake: { tokens: 1_000 } };
    const first = rawConnection(instance.port, streamPost(body));
    await until('it streams', () => first.received().includes('event: chunk'));
    const second = rawConnection(instance.port, streamPost(body));
    await until('a second is refused', () => second.received().startsWith('HTTP/1.1 429'));
    first.socket.destroy();
    await instance.stop();
  });
});

describe('the directory on a Redis Cluster', () => {
  it('lists instances that announced themselves, and forgets those that left', async () => {
    const [one, two] = [new RedisDirectory(redis), new RedisDirectory(redis)];
    await one.announce(about('app-1'));
    await two.announce(about('app-2'));
    expect((await one.list()).map(({ id }) => id)).toEqual(['app-1', 'app-2']);
    await two.withdraw();
    expect((await one.list()).map(({ id }) => id)).toEqual(['app-1']);
    expect(one.status()).toBe('connected');
  });

  it('goes on by itself when the primary of its keys dies', async () => {
    const directory = new RedisDirectory(redis);
    const owner = await cluster.ownerOf('weir:{instances}');
    await cluster.kill(owner);
    await cluster.succeed(owner);
    await until('the directory goes on', async () => {
      await directory.announce(about('app-1')).catch(() => {});
      return directory.status() === 'connected' && (await directory.list()).length === 1;
    });
  });
});
