import { Redis } from 'ioredis';
import { readJsonFile, writeJsonFile } from '../json_file.ts';

/** What a Redis that dies takes with it, at the most. */
const SAVE_MS = 10_000;
const TIMEOUT_MS = 2_000;
/** Says that this Redis has what the file has, and from then on more. */
const MARKER = 'weir:usage:restored';
/** The adapter's hashes, `weir:usage:{2026-11-25}`. */
const DAYS = 'weir:usage:{*}';
const TTL_SECONDS = 90 * 86_400;

/** Counters by the names of their days' keys. */
type Kept = Record<string, Record<string, string>>;

/**
 * Carries usage over the end of the stack's own Redis, which writes nothing to disk: answers are nobody's business
 * there. What it holds of usage is kept in a file, and added to a Redis that begins empty.
 */
export class UsageKeeper {
  readonly #socket: string;
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  /** Looks go one after another. */
  #turn: Promise<void> = Promise.resolve();

  /** @param socket of Redis; @param file where usage is kept */
  constructor(socket: string, file: string) {
    this.#socket = socket;
    this.#file = file;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), SAVE_MS);
  }

  /** Restores where that is due, then saves; without Redis it does nothing. Never rejects. */
  look(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#look().catch(() => {}));
    return this.#turn;
  }

  /** Saves for the last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.look();
  }

  async #look(): Promise<void> {
    const redis = new Redis({
      path: this.#socket,
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: TIMEOUT_MS,
      commandTimeout: TIMEOUT_MS,
    });
    redis.on('error', () => {});
    try {
      await redis.connect();
      if ((await redis.exists(MARKER)) === 0) await restore(redis, (readJsonFile(this.#file) ?? {}) as Kept);
      const kept = await read(redis);
      if (JSON.stringify(kept) !== JSON.stringify(readJsonFile(this.#file) ?? {})) writeJsonFile(this.#file, kept);
    } finally {
      redis.disconnect();
    }
  }
}

/** In one step with its marker, so that nothing is added twice; on top of what was counted since it is back. */
async function restore(redis: Redis, kept: Kept): Promise<void> {
  const step = redis.multi().set(MARKER, '1', 'EX', TTL_SECONDS);
  for (const [day, counters] of Object.entries(kept)) {
    for (const [field, count] of Object.entries(counters)) step.hincrby(day, field, count);
    step.expireat(day, endOf(day));
  }
  await step.exec();
}

/** Seconds since 1970: what was kept does not live longer for that. */
function endOf(day: string): number {
  return Math.floor(Date.parse(/\{(.*)\}/.exec(day)?.[1] ?? '') / 1000) + TTL_SECONDS;
}

async function read(redis: Redis): Promise<Kept> {
  const kept: Kept = {};
  for await (const keys of redis.scanStream({ match: DAYS, count: 1_000 })) {
    for (const day of keys as string[]) kept[day] = await redis.hgetall(day);
  }
  // In one order, so that the same is seen to be the same.
  return Object.fromEntries(Object.entries(kept).sort(([a], [b]) => a.localeCompare(b)));
}
