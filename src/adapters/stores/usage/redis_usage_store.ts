import { readFileSync } from 'node:fs';
import type { UsageBatch, UsageCounter, UsageIncrease, UsageStore } from '../../../core/usage/usage_store.ts';
import { usageRows } from '../../../core/usage/usage_store.ts';
import { USAGE_DAYS } from '../../../formats/cluster/usage_days.ts';
import type { UsageRow } from '../../../formats/cluster/usage_row.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';

/** Counters of one call; more would keep Redis busy for too long. */
const MAX_ROWS = 500;

type AddUsage = (...keysAndArguments: (string | number)[]) => Promise<number>;

/** A hash of counters for each day, with a field for each counter of each row. */
export class RedisUsageStore implements UsageStore {
  readonly #redis: RedisConnection;
  readonly #area: string;
  readonly #ttlSeconds: number;
  readonly #addUsage: AddUsage;

  /** @param area begins the names of its keys; @param days for which a day's counters are kept */
  constructor(redis: RedisConnection, area = 'usage', days = USAGE_DAYS) {
    this.#redis = redis;
    this.#area = area;
    this.#ttlSeconds = days * 86_400;
    const lua = readFileSync(new URL('lua/add_usage.lua', import.meta.url), 'utf8');
    redis.defineCommand('weir_add_usage', { numberOfKeys: 2, lua });
    this.#addUsage = (redis as unknown as Record<string, AddUsage>).weir_add_usage!.bind(redis);
  }

  async add({ day, incarnation, number, increases }: UsageBatch): Promise<void> {
    // Each part has a name of its own, so that each counts once.
    for (let at = 0; at < increases.length; at += MAX_ROWS) {
      const part = increases.slice(at, at + MAX_ROWS).flatMap(fields);
      const key = this.#keyOf(day);
      await this.#addUsage(key, `${key}:batches`, `${incarnation}:${at}`, number, this.#ttlSeconds, ...part);
    }
  }

  async read(days: readonly string[]): Promise<UsageRow[]> {
    const hashes = await Promise.all(days.map((day) => this.#redis.hgetall(this.#keyOf(day))));
    return hashes.flatMap((hash, at) => usageRows(days[at] as string, increasesOf(hash)));
  }

  /** The hash tag is the day: its keys lie together in a Redis Cluster. */
  #keyOf(day: string): string {
    return `weir:${this.#area}:{${day}}`;
  }
}

/** The model last: only there may a client have put a tab. */
function fields({ key, provider, model, counters }: UsageIncrease): (string | number)[] {
  return [...counters].flatMap(([counter, count]) => [`${key}\t${provider}\t${counter}\t${model}`, count]);
}

function increasesOf(hash: Record<string, string>): Iterable<UsageIncrease> {
  const rows = new Map<string, UsageIncrease>();
  for (const [field, count] of Object.entries(hash)) {
    const [key = '', provider = '', counter = '', ...rest] = field.split('\t');
    const model = rest.join('\t');
    const name = `${key}\t${provider}\t${model}`;
    const row = rows.get(name) ?? { key, provider, model, counters: new Map() };
    rows.set(name, row);
    row.counters.set(counter as UsageCounter, Number(count));
  }
  return rows.values();
}
