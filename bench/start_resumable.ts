import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { instanceArgs } from '../src/stack/instance_command.ts';
import { startProcess } from './start_process.ts';
import { startRedis } from './start_redis.ts';

/** One instance and a Redis of its own, on a port: the smallest deployment whose streams are logged. */
export async function startResumable(port: number) {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-log-'));
  const redis = await startRedis(directory);
  const instance = await startProcess(
    process.execPath,
    instanceArgs('.'),
    { port },
    {
      INSTANCE_ID: 'app-1',
      PORT: `${port}`,
      REDIS_URL: redis.url,
      PEER_SOCKET: join(directory, 'peer.sock'),
      MAX_CONNECTIONS: '100000',
      MAX_CONNECTIONS_PER_USER: '100000',
      LOG_LEVEL: 'warn',
      DRAIN_SECONDS: '0',
    },
  );
  const client = new Redis(redis.url.slice('unix://'.length));
  return {
    redis,
    instance,
    /** Of the measurement, not of the instance. */
    client,
    async usedMemory(): Promise<number> {
      return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
    },
    async stop(): Promise<void> {
      client.disconnect();
      await instance.stop();
      await redis.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
