import type { Cluster } from 'ioredis';
import { MIN_RETENTION_MS, RETENTION_MS, RUNNING_KEYS_MS } from '../../../formats/timing.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';

/** Longer than a stream can run and be read afterwards. Whether a claim still counts is decided by its stream. */
export const CLAIM_KEPT_MS = RUNNING_KEYS_MS + RETENTION_MS;
/** Requests above this are not kept: such a stream can be replayed, not continued. */
export const MAX_REQUEST_BYTES = 256 * 1024;

/** Up to the first share of its memory Redis keeps finished streams for the whole time, from the second on for the least. */
const ROOM = 0.5;
const FULL = 0.9;

/** How long a finished stream can be read. Less when Redis is full, so that finished streams make room for running ones. */
export class Retention {
  readonly #redis: RedisConnection;
  #ms = RETENTION_MS;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  get ms(): number {
    return this.#ms;
  }

  /** Asks Redis, or the primaries of a cluster, of which the fullest counts. Never rejects: without an answer it counts as empty. */
  async look(): Promise<void> {
    const nodes = this.#redis.isCluster ? (this.#redis as Cluster).nodes('master') : [this.#redis];
    const shares = await Promise.all(nodes.map(async (node) => memoryShare(await node.info('memory').catch(() => ''))));
    this.#ms = retentionMs(Math.max(0, ...shares));
  }
}

/** @param info the section `memory`; 0 if Redis has no limit or does not show it */
function memoryShare(info: string): number {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const max = field('maxmemory');
  return max === 0 ? 0 : field('used_memory') / max;
}

function retentionMs(share: number): number {
  const pressure = Math.min(1, Math.max(0, (share - ROOM) / (FULL - ROOM)));
  return Math.round(RETENTION_MS - pressure * (RETENTION_MS - MIN_RETENTION_MS));
}
