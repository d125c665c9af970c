import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/adapters/stores/redis_connection.ts';
import { RedisDirectory } from '../../src/adapters/stores/redis_directory.ts';
import type { Announcement } from '../../src/core/cluster/instance_directory.ts';
import { startRedisCluster, type TestRedisCluster } from '../support/redis_cluster.ts';
import { silentLog } from '../support/silent_log.ts';
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

describe('the directory on a Redis Cluster', () => {
  it('lists who announced itself, and forgets who left', async () => {
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
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    await until('its replica has taken over', async () => {
      await directory.announce(about('app-1')).catch(() => {});
      return directory.status() === 'connected' && (await directory.list()).length === 1;
    });
  });
});
