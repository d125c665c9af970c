import type { Slot } from '../../../core/resilience/slot_store.ts';
import type { RedisBreaker } from '../redis/redis_breaker.ts';
import { type HeldByUser, type HeldPermit, type HeldSlots, limitOfUser, type SlotLimits } from './held_slots.ts';
import { type SlotScripts, type SlotTiming, userKeys } from './slot_scripts.ts';

/** At the least so many users a look: more would wait in Redis' queue for longer than a call may take. */
const BATCH = 250;
/** A detached stream may have been told to give way by another instance; it learns of it here, and should soon. */
const DETACHED_FACTOR = 0.25;

/** Keeps the slots of living streams alive in Redis, user by user, and finds out which ones are lost. */
export class SlotRenewal {
  readonly #held: HeldSlots;
  readonly #scripts: SlotScripts;
  readonly #breaker: RedisBreaker;
  readonly #timing: SlotTiming;
  readonly #limits: SlotLimits;
  readonly #lost: (slot: Slot) => void;

  /** @param lost told of each slot that is gone; one that was given back meanwhile may be among them */
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

  /** A new connection may lead to a Redis that knows nothing: what is alive has to be there again, and soon. */
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
   * Redis' failure costs no living stream its place. A pause of this process does: what it held longer ago than a
   * lease may belong to others by now.
   */
  #force(user: HeldByUser): void {
    const oldest = performance.now() - this.#timing.leaseMs;
    for (const permit of user.permits.values()) if (permit.confirmedAt > oldest) permit.forced = true;
  }
}
