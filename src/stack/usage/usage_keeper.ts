import type { Cluster, Redis } from 'ioredis';
import { USAGE_DAYS, USER_USAGE_DAYS, usageDays } from '../../formats/cluster/usage_days.ts';
import { readJsonFile, writeJsonFile } from '../json_file.ts';
import type { RedisPlace } from '../redis/redis_facts.ts';

/** At most this much usage is lost when Redis dies. */
const SAVE_MS = 10_000;
const TIMEOUT_MS = 2_000;
const DAY_SECONDS = 86_400;
/** The adapter's hashes: what begins their names, and for how many days they are kept. */
const AREAS = [
  { area: 'usage', days: USAGE_DAYS },
  { area: 'user_usage', days: USER_USAGE_DAYS },
] as const;

/** Counters by the names of their days' keys. */
type Kept = Record<string, Record<string, string>>;

/**
 * Preserves usage over the end of the stack's own Redis, which writes nothing to disk, because answers must not be stored
 * there. Usage is saved in a file, and added to a Redis, or a part of a Redis Cluster, that starts empty.
 */
export class UsageKeeper {
  readonly #places: readonly RedisPlace[];
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  /** Calls of {@link look} run one after another. */
  #turn: Promise<void> = Promise.resolve();
  #problem: string | undefined = 'it has not started yet';

  /** @param places one, or the nodes of a Redis Cluster; @param file where usage is kept */
  constructor(places: readonly RedisPlace[], file: string) {
    this.#places = places;
    this.#file = file;
  }

  /** Why the last save failed; undefined if it succeeded. */
  get problem(): string | undefined {
    return this.#problem;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), SAVE_MS);
  }

  /** Restores usage if Redis started empty, then saves it; does nothing without Redis. Never rejects. */
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
    const redis = await clientOf(this.#places);
    redis.on('error', () => {});
    try {
      const kept = (readJsonFile(this.#file) ?? {}) as Kept;
      // All or nothing: while a part of a cluster is away, its saved usage stays in the file.
      const hashes = AREAS.flatMap(({ area, days }) => usageDays(days, Date.now()).map((day) => ({ area, days, day })));
      const found = await Promise.all(hashes.map((each) => carried(redis, each, kept[keyOf(each)])));
      const all = hashes.map((each, at) => [keyOf(each), found[at]]);
      const now = Object.fromEntries(all.filter(([, counters]) => counters));
      if (JSON.stringify(now) !== JSON.stringify(kept)) writeJsonFile(this.#file, now);
    } finally {
      redis.disconnect();
    }
  }
}

/**
 * Connects with the first command, because `connect()` never settles while a cluster is not formed. The library is loaded
 * with the first one: the supervisor, which has this, starts without it.
 */
async function clientOf(places: readonly RedisPlace[]): Promise<Redis | Cluster> {
  const { Cluster, Redis } = await import('ioredis');
  const options = { maxRetriesPerRequest: 0, connectTimeout: TIMEOUT_MS, commandTimeout: TIMEOUT_MS };
  const [first = {}, ...others] = places;
  const { path: _, host: __, port: ___, ...credentials } = first;
  if (others.length === 0) return new Redis({ ...options, ...first, lazyConnect: true, retryStrategy: () => null });
  const nodes = places.map(({ host = '127.0.0.1', port = 0 }) => ({ host, port }));
  const redisOptions = { ...options, ...credentials };
  return new Cluster(nodes, { lazyConnect: true, clusterRetryStrategy: () => null, redisOptions });
}

/** Counters of one day, and for how many days they are kept. */
interface DayHash {
  area: string;
  day: string;
  days: number;
}

/** The adapter's hash of a day. Its tag keeps it and its marker in one part of a cluster. */
const keyOf = ({ area, day }: DayHash) => `weir:${area}:{${day}}`;

/**
 * The counters of a day, including the saved ones if this Redis started empty. A marker in Redis says that the saved
 * counters were added. It is set before the file is written again, so nothing is added twice.
 */
async function carried(
  redis: Redis | Cluster,
  hash: DayHash,
  kept: Record<string, string> | undefined,
): Promise<Record<string, string> | undefined> {
  const key = keyOf(hash);
  const marker = `${key}:restored`;
  const [isMarked, counters] = await Promise.all([redis.exists(marker), redis.hgetall(key)]);
  const isEmpty = Object.keys(counters).length === 0;
  if (isMarked === 1) return isEmpty ? undefined : counters;
  if (isEmpty && !kept) return undefined;
  // In one transaction, and added to the counts since Redis is back. The marker lives longer than the counters.
  const step = redis.multi().set(marker, '1', 'EX', 2 * hash.days * DAY_SECONDS);
  for (const [field, count] of Object.entries(kept ?? {})) step.hincrby(key, field, count);
  await step.expireat(key, endOf(hash)).exec();
  return redis.hgetall(key);
}

/** Seconds since 1970: restored counters expire when the original ones would have. */
function endOf({ day, days }: DayHash): number {
  return Math.floor(Date.parse(day) / 1000) + days * DAY_SECONDS;
}
