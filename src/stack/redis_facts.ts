import { Redis } from 'ioredis';
import { StackError } from './stack_error.ts';

const TIMEOUT_MS = 2000;

/** What a Redis server says about itself. */
export interface RedisFacts {
  version: string;
  /** `master` or `slave`. */
  role: string;
  /** What it does when its memory is full; undefined where it doesn't tell (hosted ones often don't). */
  evictionPolicy: string | undefined;
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
}

/** Asks the server at `url` (redis://, rediss:// or unix://). Throws a {@link StackError} when it can't be had. */
export async function redisFacts(url: string): Promise<RedisFacts> {
  const redis = new Redis(url.replace(/^unix:\/\//, ''), {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
  });
  let last: Error | undefined;
  redis.on('error', (error: Error) => {
    last = error;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const policy = await redis.config('GET', 'maxmemory-policy').catch(() => undefined);
    const evictionPolicy = Array.isArray(policy) ? String(policy[1]) : undefined;
    return { version: field(info, 'redis_version'), role: field(info, 'role'), evictionPolicy };
  } catch (error) {
    // The address without its password.
    const where = url.replace(/\/\/[^@/]*@/, '//');
    const reason = (last ?? (error as Error)).message;
    throw new StackError(`Redis at ${where} does not answer (${reason})`, 'check --redis-url, or leave it out');
  } finally {
    redis.disconnect();
  }
}
