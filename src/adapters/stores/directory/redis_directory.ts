import type { Announcement, InstanceDirectory } from '../../../core/cluster/instance_directory.ts';
import { byName } from '../../../formats/locale.ts';
import { ANNOUNCED_MS } from '../../../formats/timing.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';

/** One hash tag, so that index and entries lie in one slot of a Redis Cluster and can be read together. */
const INDEX = 'weir:{instances}';
const TTL_SECONDS = ANNOUNCED_MS / 1000;

/**
 * Instances in Redis: a key each, with a time to live, and an index of ids. What an entry's expiry leaves in the index
 * is removed by the next reader that misses it.
 */
export class RedisDirectory implements InstanceDirectory {
  readonly #redis: RedisConnection;
  #self: Announcement | undefined;
  /** Whether the last announcement was answered: a frozen Redis keeps its connections. */
  #answers = true;
  readonly #heard = (): void => {
    this.#answers = true;
  };
  readonly #unheard = (error: Error): never => {
    this.#answers = false;
    throw error;
  };

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  async announce(self: Announcement): Promise<void> {
    this.#self = self;
    await this.#redis
      .multi()
      .set(`${INDEX}:${self.id}`, JSON.stringify(self), 'EX', TTL_SECONDS)
      .sadd(INDEX, self.id)
      .expire(INDEX, TTL_SECONDS * 10)
      .exec()
      .then(this.#heard, this.#unheard);
  }

  async list(): Promise<Announcement[]> {
    if (this.status() !== 'connected') return this.#self ? [this.#self] : [];
    const ids = await this.#redis.smembers(INDEX);
    if (ids.length === 0) return [];
    const entries = await this.#redis.mget(ids.map((id) => `${INDEX}:${id}`));
    const gone = ids.filter((_, at) => entries[at] === null);
    if (gone.length > 0) await this.#redis.srem(INDEX, ...gone);
    return entries
      .filter((entry) => entry != null)
      .map((entry) => JSON.parse(entry) as Announcement)
      .sort((a, b) => byName(a.id, b.id));
  }

  async withdraw(): Promise<void> {
    const self = this.#self;
    this.#self = undefined;
    if (self) await this.#redis.multi().del(`${INDEX}:${self.id}`).srem(INDEX, self.id).exec();
  }

  status(): 'connected' | 'disconnected' {
    return this.#answers && this.#redis.status === 'ready' ? 'connected' : 'disconnected';
  }
}
