import { StackError } from './stack_error.ts';

const TIMEOUT_MS = 2000;

/** What a Redis server says about itself. */
export interface RedisFacts {
  version: string;
  /** `master` or `slave`. */
  role: string;
  /** What it does when its memory is full; undefined where it doesn't tell (hosted ones often don't). */
  evictionPolicy: string | undefined;
  /** `ok` or `fail`; undefined outside of a Redis Cluster. */
  clusterState: string | undefined;
  /** Its clock, in milliseconds since 1970. */
  timeMs: number;
}

/**
 * The addresses of all hosts that `url` names: itself, or those of a Redis Cluster, comma separated. The first one's
 * scheme, user and password count for hosts that bring none.
 */
export function redisHosts(url: string): string[] {
  const [first = '', ...others] = url.split(',').map((host) => host.trim());
  const [head = 'redis://'] = /^rediss?:\/\/(?:[^@/]*@)?/.exec(first) ?? [];
  return [first, ...others.map((host) => (host.includes('@') ? host : head + host.replace(/^rediss?:\/\//, '')))];
}

/** The address without its password. */
function shown(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
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
  // Most commands ask no Redis, and start faster without the client.
  const { Redis } = await import('ioredis');
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
    const [seconds] = await redis.time();
    const cluster = field(info, 'cluster_enabled') === '1' ? String(await redis.call('CLUSTER', 'INFO')) : undefined;
    return {
      version: field(info, 'redis_version'),
      role: field(info, 'role'),
      evictionPolicy,
      timeMs: Number(seconds) * 1000,
      clusterState: cluster && field(cluster, 'cluster_state'),
    };
  } catch (error) {
    throw notHad(shown(url), (last ?? (error as Error)).message);
  } finally {
    redis.disconnect();
  }
}

/** @param reason in Redis' own words, or the system's */
function notHad(address: string, reason: string): StackError {
  if (/^(WRONGPASS|ERR AUTH|ERR invalid password)/.test(reason)) {
    return new StackError(`Redis at ${address} refuses this user or password (${reason})`, 'correct it in --redis-url');
  }
  if (reason.startsWith('NOAUTH')) {
    return new StackError(`Redis at ${address} wants a password, and none was given`, 'add it: redis://:password@host');
  }
  return new StackError(`Redis at ${address} does not answer (${reason})`, 'check --redis-url, or leave it out');
}

/** The same of the first host that answers; throws what the last one said when none does. */
export async function anyRedisFacts(url: string): Promise<RedisFacts> {
  const hosts = redisHosts(url);
  for (const host of hosts.slice(0, -1)) {
    const facts = await redisFacts(host).catch(() => undefined);
    if (facts) return facts;
  }
  return redisFacts(hosts.at(-1) ?? url);
}
