import type { Slot } from '../../../core/resilience/slot_store.ts';
import type { RedisBreaker } from '../redis/redis_breaker.ts';
import { type HeldByUser, type HeldPermit, type HeldSlots, limitOfUser, type SlotLimits } from './held_slots.ts';
import { type SlotScripts, type SlotTiming, userKeys } from './slot_scripts.ts';

/** At least this many users per tick. More would wait in Redis' queue for longer than a call may take. */
const BATCH = 250;
/** Another instance may have evicted a detached stream. The renewal finds out, so it runs more often for them. */
const DETACHED_FACTOR = 0.25;

/** Keeps the slots of living streams alive in Redis, user by user, and finds out which ones are lost. */
export class SlotRenewal {
  readonly #held: HeldSlots;
  readonly #scripts: SlotScripts;
  readonly #breaker: RedisBreaker;
  readonly #timing: SlotTiming;
  readonly #limits: SlotLimits;
  readonly #lost: (slot: Slot) => void;

  /** @param lost called for each lost slot; slots that were released meanwhile may be among them */
  constructor(
    parts: { held: HeldSlots; scripts: SlotScripts; breaker: RedisBreaker; timing: SlotTiming },
    limits: SlotLimits,
    lost: (slot: Slot) => void,
  ) {
    this.#held = parts.held;
    this.#scripts = parts.scripts;
    this.#breaker = parts.breaker;
    this.#timing = parts.timing;
    this.#limits = limits;
    this.#lost = lost;
  }

  /** Renews the users whose time has come. */
  tick(): void {
    const now = performance.now();
    const { tickMs, renewMs } = this.#timing;
    let left = Math.max(BATCH, Math.ceil((2 * this.#held.userCount * tickMs) / renewMs));
    for (const user of this.#held.users()) {
      if (user.dueAt > now) continue;
      if (left-- === 0) break;
      if (this.#breaker.closed) void this.renew(user);
      else this.#putOff(user);
    }
  }

  /** A new connection may lead to an empty Redis: living slots must be registered again soon. */
  reconnected(): void {
    const now = performance.now();
    for (const user of this.#held.users()) {
      this.#force(user);
      user.dueAt = now;
    }
  }

  async renew(user: HeldByUser): Promise<void> {
    const { leaseMs, renewMs } = this.#timing;
    const keys = userKeys(user.userId);
    const limit = limitOfUser(this.#limits, user.userId);
    const isDetached = ({ detachedSince }: HeldPermit) => detachedSince !== undefined;
    const hasDetached = [...user.permits.values()].some(isDetached);
    user.dueAt = performance.now() + renewMs * (hasDetached ? DETACHED_FACTOR : 1);
    let sentAt = 0;
    let permits: HeldPermit[] = [];
    const lost = await this.#breaker.ask(() => {
      // Read for each call: a repeated one must not take again what was released meanwhile.
      sentAt = performance.now();
      permits = [...user.permits.values()];
      const facts = permits.map((permit) => {
        return { permitId: permit.permitId, forced: permit.forced, detached: isDetached(permit) };
      });
      return this.#scripts.renew(keys, limit, leaseMs, facts);
    });
    if (lost === undefined) return this.#putOff(user);
    const gone = new Set(lost);
    for (const permit of permits) {
      if (gone.has(permit.permitId)) {
        this.#lost(permit.slot);
      } else {
        permit.confirmedAt = sentAt;
        permit.forced = false;
      }
    }
  }

  #putOff(user: HeldByUser): void {
    user.dueAt = performance.now() + this.#timing.retryMs;
    this.#force(user);
  }

  /**
   * A living stream keeps its slot while Redis fails. After a pause of this process longer than a lease it does not: other
   * streams may have the slot by now.
   */
  #force(user: HeldByUser): void {
    const oldest = performance.now() - this.#timing.leaseMs;
    for (const permit of user.permits.values()) if (permit.confirmedAt > oldest) permit.forced = true;
  }
}
