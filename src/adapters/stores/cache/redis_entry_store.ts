import { readFileSync } from 'node:fs';
import type { EntryStore } from '../../../core/cache/answer_cache.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';

/** The keys are spread over so many parts, each in one slot of a Redis Cluster, with its share of the bound. */
const PARTS = 16;

type Keep = (
  index: string,
  sizes: string,
  key: string,
  entry: string,
  lifeMs: number,
  bound: number,
) => Promise<number>;

/** Answers kept in Redis, or in a Redis Cluster, for all instances. */
export class RedisEntryStore implements EntryStore {
  readonly #redis: RedisConnection;
  readonly #keep: Keep;
  readonly #bound: number;

  /** @param maxBytes of all entries together */
  constructor(redis: RedisConnection, maxBytes: number) {
    this.#redis = redis;
    this.#bound = Math.floor(maxBytes / PARTS);
    const lua = readFileSync(new URL('lua/keep.lua', import.meta.url), 'utf8');
    redis.defineCommand('weir_cache_keep', { numberOfKeys: 3, lua });
    this.#keep = (redis as unknown as { weir_cache_keep: Keep }).weir_cache_keep.bind(redis);
  }

  async get(key: string): Promise<string | undefined> {
    const entry = await this.#redis.get(keyOf(key)).catch(() => null);
    return entry ?? undefined;
  }

  async set(key: string, entry: string, ttlSeconds: number): Promise<void> {
    const part = partOf(key);
    await this.#keep(`${part}:index`, `${part}:sizes`, keyOf(key), entry, ttlSeconds * 1000, this.#bound).catch(
      () => {},
    );
  }
}

/** @param key hexadecimal */
function partOf(key: string): string {
  return `weir:cache:{${key.charAt(0)}}`;
}

function keyOf(key: string): string {
  return `${partOf(key)}:${key}`;
}
