import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { EventLog } from '../../core/observe/event_log.ts';

/** No request waits longer than this for Redis. */
const COMMAND_DEADLINE_MS = 100;

/** An instance starts without Redis too, but it gives it this long to be there from the first answer on. */
const FIRST_CONNECT_MS = 1_000;

/**
 * One connection that never queues: while Redis is away every command fails at once, and it is tried again in the
 * background, at most two seconds apart, for ever.
 * @param url `redis://…`, `rediss://…` or `unix:///path/of/the.sock`
 */
export async function connectRedis(url: string, log: EventLog): Promise<Redis> {
  const options = {
    enableOfflineQueue: false,
    commandTimeout: COMMAND_DEADLINE_MS,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) => Math.min(100 * attempt, 2_000),
  };
  const redis = url.startsWith('unix://')
    ? new Redis({ ...options, path: url.slice('unix://'.length) })
    : new Redis(url, options);
  let lastError = '';
  redis.on('ready', () => {
    lastError = '';
    log.info('0', 'Redis connected');
  });
  redis.on('error', (error: Error) => {
    // The same failure repeats with every attempt; one line tells it.
    if (error.message === lastError) return;
    lastError = error.message;
    log.warn('0', 'Redis is not reachable', { reason: error.message });
  });
  await once(redis, 'ready', { signal: AbortSignal.timeout(FIRST_CONNECT_MS) }).catch(() => {});
  return redis;
}
