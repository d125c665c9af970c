import { once } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import type { EventLog } from '../../../core/observe/observers.ts';
import { REDIS_COMMAND_MS } from '../../../formats/timing.ts';

/** Where Redis is: a socket, one server, or some nodes of a Redis Cluster. */
export type RedisAddress =
  | { kind: 'socket'; path: string }
  | { kind: 'server'; url: string }
  | {
      kind: 'cluster';
      nodes: { host: string; port: number }[];
      username: string | undefined;
      password: string | undefined;
      tls: boolean;
    };

const DEFAULT_PORT = 6379;

/**
 * @param url `unix:///path`, `redis://…` or `rediss://…`. Several hosts, comma separated, mean Redis Cluster; the
 * first one's user and password count for all: `redis://user:secret@a:7000,b:7000`.
 */
export function redisAddress(url: string): RedisAddress {
  if (url.startsWith('unix://')) return { kind: 'socket', path: url.slice('unix://'.length) };
  // Each host may have its own scheme and credentials, as in a list of whole URLs.
  const list = url.replace(/,rediss?:\/\/(?:[^@,]*@)?/g, ',');
  const [, scheme = 'redis', credentials = '', hosts = ''] = /^(rediss?):\/\/(.*@)?([^@]*)$/.exec(list) ?? [];
  if (!hosts.includes(',')) return { kind: 'server', url };
  const nodes = hosts.split(',').map((host) => {
    const { hostname, port } = new URL(`redis://${host}`);
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || DEFAULT_PORT) };
  });
  const { username, password } = new URL(`redis://${credentials}host`);
  return {
    kind: 'cluster',
    nodes,
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    tls: scheme === 'rediss',
  };
}

/** An instance also starts without Redis, but waits this long for the first connection. */
const FIRST_CONNECT_MS = 1_000;

/** How often the owners of a cluster's slots are read, in addition to redirections. */
const TOPOLOGY_REFRESH_MS = 2_000;

/** One server or a cluster: the same commands, and `status` is `ready` while they can be sent. */
export type RedisConnection = Redis | Cluster;

const NODE_OPTIONS = {
  commandTimeout: REDIS_COMMAND_MS,
  connectTimeout: 2_000,
  maxRetriesPerRequest: 0,
};
const retryStrategy = (attempt: number) => Math.min(100 * attempt, 2_000);

function open(url: string): RedisConnection {
  const address = redisAddress(url);
  const options = { ...NODE_OPTIONS, enableOfflineQueue: false, retryStrategy };
  if (address.kind === 'socket') return new Redis({ ...options, path: address.path });
  if (address.kind === 'server') return new Redis(address.url, options);
  const { nodes, username, password, tls } = address;
  return new Cluster(nodes, {
    enableOfflineQueue: false,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshInterval: TOPOLOGY_REFRESH_MS,
    // A command that can not be sent fails at once: callers can work without Redis, and must not wait.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // Connects to each node as soon as it is known: commands to a node that is still connecting fail.
    redisOptions: { ...NODE_OPTIONS, lazyConnect: false, username, password, ...(tls ? { tls: {} } : {}) },
  });
}

/** @param reason in Redis' own words, or the system's */
function whatFailed(reason: string): string {
  if (/^(WRONGPASS|ERR AUTH|ERR invalid password)/.test(reason)) return 'Redis refuses user or password of REDIS_URL';
  if (reason.startsWith('NOAUTH')) return 'Redis requires a password, and REDIS_URL has none';
  return 'Redis is not reachable';
}

/**
 * A connection that never queues: while Redis is away every command fails at once. It reconnects in the background, at
 * least every two seconds, without end.
 * @param url `redis://…`, `rediss://…` or `unix:///path/of/the.sock`; several hosts, comma separated: Redis Cluster
 */
export async function connectRedis(url: string, log: EventLog): Promise<RedisConnection> {
  const redis = open(url);
  let lastError = '';
  redis.on('ready', () => {
    lastError = '';
    log.info('0', 'Redis connected');
  });
  const onError = (error: Error) => {
    // The same failure repeats with every attempt; it is logged once.
    if (error.message === lastError) return;
    lastError = error.message;
    log.warn('0', whatFailed(error.message), { reason: error.message });
  };
  redis.on('error', onError);
  if (redis instanceof Cluster) redis.on('node error', onError);
  const signal = AbortSignal.timeout(FIRST_CONNECT_MS);
  await once(redis, 'ready', { signal }).catch(() => {});
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [];
  const connecting = nodes.filter(({ status }) => status !== 'ready');
  await Promise.all(connecting.map((node) => once(node, 'ready', { signal }).catch(() => {})));
  return redis;
}
