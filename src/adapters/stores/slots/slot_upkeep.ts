import type { RedisConnection } from '../redis/redis_connection.ts';
import type { CapacityGrant } from './capacity_grant.ts';
import type { PendingReleases } from './pending_releases.ts';
import type { SlotRenewal } from './slot_renewal.ts';

/** What has to be done for slots in the background: one timer for all of it. */
export class SlotUpkeep {
  readonly #redis: RedisConnection;
  readonly #parts: { renewal: SlotRenewal; capacity: CapacityGrant; releases: PendingReleases };
  readonly #reconnected = () => this.#parts.renewal.reconnected();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    redis: RedisConnection,
    parts: { renewal: SlotRenewal; capacity: CapacityGrant; releases: PendingReleases },
  ) {
    this.#redis = redis;
    this.#parts = parts;
  }

  async start(tickMs: number): Promise<void> {
    const { renewal, capacity, releases } = this.#parts;
    this.#redis.on('ready', this.#reconnected);
    this.#timer = setInterval(() => {
      renewal.tick();
      capacity.tick();
      releases.tick();
    }, tickMs);
    await capacity.refresh();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#redis.off('ready', this.#reconnected);
    await this.#parts.capacity.withdraw();
  }
}
