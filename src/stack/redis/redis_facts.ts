import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { StackError } from '../stack_error.ts';

const TIMEOUT_MS = 2000;

/** What a Redis server says about itself. */
export interface RedisFacts {
  version: string;
  /** `master` or `slave`. */
  role: string;
  /** Eviction policy when its memory is full; undefined where it does not say (hosted ones often do not). */
  evictionPolicy: string | undefined;
  /** `ok` or `fail`; undefined outside of a Redis Cluster. */
  clusterState: string | undefined;
  /** Its clock, in milliseconds since 1970. */
  timeMs: number;
}

/**
 * The addresses of all hosts that `url` names: itself, or those of a Redis Cluster, comma separated. Hosts without a
 * scheme, user and password get those of the first.
 */
export function redisHosts(url: string): string[] {
  if (url.startsWith('unix://')) return [url];
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

/**
 * Asks the server at `url` (redis://, rediss:// or unix://), or the first primary of a cluster's nodes.
 * Throws a {@link StackError} when none answers.
 */
export async function redisFacts(url: string): Promise<RedisFacts> {
  const urls = redisHosts(url);
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
    throw unreachable(shown(url), (last ?? (error as Error)).message);
  } finally {
    redis.disconnect();
  }
}

/** @param reason in Redis' own words, or the system's */
function unreachable(address: string, reason: string): StackError {
  if (/^(WRONGPASS|ERR AUTH|ERR invalid password)/.test(reason)) {
    return new StackError(`Redis at ${address} refuses this user or password (${reason})`, 'correct it in --redis-url');
  }
  if (reason.startsWith('NOAUTH')) {
    return new StackError(
      `Redis at ${address} requires a password, and none was given`,
      'add it: redis://:password@host',
    );
  }
  return new StackError(`Redis at ${address} does not answer (${reason})`, 'check --redis-url, or leave it out');
}

/** Where a node of Redis listens: a socket, or a port, of 127.0.0.1 where no host is named. */
export interface RedisPlace {
  path?: string;
  host?: string;
  port?: number;
  username?: string;
  password?: string;
  tls?: ConnectionOptions;
}

const DEFAULT_PORT = 6379;

/** The places that an instance's `REDIS_URL` names: one, or nodes of a Redis Cluster. @throws TypeError: no URL */
export function redisPlaces(url: string): RedisPlace[] {
  if (url.startsWith('unix://')) return [{ path: url.slice('unix://'.length) }];
  return redisHosts(url).map((host) => {
    const { protocol, hostname, port, username, password } = new URL(host);
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || DEFAULT_PORT),
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    };
  });
}
