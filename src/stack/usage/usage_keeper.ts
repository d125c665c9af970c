import { Cluster, Redis } from 'ioredis';
import { USAGE_DAYS, usageDays } from '../../formats/cluster/usage_row.ts';
import { readJsonFile, writeJsonFile } from '../json_file.ts';
import type { RedisPlace } from '../redis/redis_facts.ts';

/** What a Redis that dies takes with it, at the most. */
const SAVE_MS = 10_000;
const TIMEOUT_MS = 2_000;
const TTL_SECONDS = USAGE_DAYS * 86_400;

/** Counters by the names of their days' keys. */
type Kept = Record<string, Record<string, string>>;

/**
 * Carries usage over the end of the stack's own Redis, which writes nothing to disk: answers are nobody's business
 * there. What it holds of usage is kept in a file, and added to a Redis, or a part of a Redis Cluster, that begins empty.
 */
export class UsageKeeper {
  readonly #places: readonly RedisPlace[];
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  /** Looks go one after another. */
  #turn: Promise<void> = Promise.resolve();
  #problem: string | undefined = 'it has not looked yet';

  /** @param places one, or the nodes of a Redis Cluster; @param file where usage is kept */
  constructor(places: readonly RedisPlace[], file: string) {
    this.#places = places;
    this.#file = file;
  }

  /** Why the last look kept nothing; undefined where it did. */
  get problem(): string | undefined {
    return this.#problem;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), SAVE_MS);
  }

  /** Restores where that is due, then saves; without Redis it does nothing. Never rejects. */
  look(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      this.#problem = await this.#look().catch((error: Error) => error.message);
    });
    return this.#turn;
  }

  /** Saves for the last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.look();
  }

  async #look(): Promise<undefined> {
    const redis = clientOf(this.#places);
    redis.on('error', () => {});
    try {
      const kept = (readJsonFile(this.#file) ?? {}) as Kept;
      // All of it or nothing: where a part of a cluster is away, what is kept of it stays.
      const days = usageDays(USAGE_DAYS, Date.now()).map(keyOf);
      const found = await Promise.all(days.map((day) => carried(redis, day, kept[day])));
      const now = Object.fromEntries(days.map((day, at) => [day, found[at]]).filter(([, counters]) => counters));
      if (JSON.stringify(now) !== JSON.stringify(kept)) writeJsonFile(this.#file, now);
    } finally {
      redis.disconnect();
    }
  }
}

/** Connects with the first command; `connect()` never settles while a cluster is not formed yet. */
function clientOf(places: readonly RedisPlace[]): Redis | Cluster {
  const options = { maxRetriesPerRequest: 0, connectTimeout: TIMEOUT_MS, commandTimeout: TIMEOUT_MS };
  const [first = {}, ...others] = places;
  const { path: _, host: __, port: ___, ...credentials } = first;
  if (others.length === 0) return new Redis({ ...options, ...first, lazyConnect: true, retryStrategy: () => null });
  const nodes = places.map(({ host = '127.0.0.1', port = 0 }) => ({ host, port }));
  const redisOptions = { ...options, ...credentials };
  return new Cluster(nodes, { lazyConnect: true, clusterRetryStrategy: () => null, redisOptions });
}

/** The adapter's hash of a day. Its tag keeps it and its marker in one part of a cluster. */
const keyOf = (day: string) => `weir:usage:{${day}}`;

/**
 * The counters of a day, with what was kept of it where this Redis began empty. A marker says that Redis has what the
 * file has, and from then on more: it is there before the file is written, so nothing is added twice.
 */
async function carried(
  redis: Redis | Cluster,
  day: string,
  kept: Record<string, string> | undefined,
): Promise<Record<string, string> | undefined> {
  const marker = `${day}:restored`;
  const [isMarked, counters] = await Promise.all([redis.exists(marker), redis.hgetall(day)]);
  const isEmpty = Object.keys(counters).length === 0;
  if (isMarked === 1) return isEmpty ? undefined : counters;
  if (isEmpty && !kept) return undefined;
  // In one step, and on top of what was counted since Redis is back. The marker outlives the day.
  const step = redis.multi().set(marker, '1', 'EX', 2 * TTL_SECONDS);
  for (const [field, count] of Object.entries(kept ?? {})) step.hincrby(day, field, count);
  await step.expireat(day, endOf(day)).exec();
  return redis.hgetall(day);
}

/** Seconds since 1970: what was kept does not live longer for that. */
function endOf(day: string): number {
  return Math.floor(Date.parse(/\{(.*)\}/.exec(day)?.[1] ?? '') / 1000) + TTL_SECONDS;
}
