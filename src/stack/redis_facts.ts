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

/** Each node of a cluster as a URL of its own, with the first one's user and password; else the URL itself. */
function nodeUrls(url: string): string[] {
  if (url.startsWith('unix://')) return [url];
  const [, start = '', hosts = ''] = /^(rediss?:\/\/(?:[^@,]*@)?)(.*)$/.exec(url) ?? [];
  return hosts.split(',').map((host) => (/^rediss?:\/\//.test(host) ? host : `${start}${host}`));
}

/**
 * Asks the server at `url` (redis://, rediss:// or unix://), or of a cluster's nodes the first primary.
 * Throws a {@link StackError} when it can't be had.
 */
export async function redisFacts(url: string): Promise<RedisFacts> {
  const urls = nodeUrls(url);
  let facts: RedisFacts | undefined;
  let problem: unknown;
  for (const node of urls) {
    const found = await nodeFacts(node).catch((error: unknown) => {
      problem = error;
    });
    if (found && (urls.length === 1 || found.role === 'master')) return found;
    facts ??= found ?? undefined;
  }
  if (facts) return facts;
  throw problem;
}

async function nodeFacts(url: string): Promise<RedisFacts> {
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
