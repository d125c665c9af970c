import type { Slot } from '../../../core/resilience/slot_store.ts';
import type { RedisBreaker } from '../redis/redis_breaker.ts';
import { type SlotScripts, type SlotTiming, userKeys } from './slot_scripts.ts';

/** At most this many are sent at once. */
const BATCH = 250;

/**
 * Slots that could not be released because Redis did not answer. They are tried again until their lease must have ended,
 * which releases them by itself; so there are never more than end in one lease.
 */
export class PendingReleases {
  readonly #scripts: SlotScripts;
  readonly #breaker: RedisBreaker;
  readonly #timing: SlotTiming;
  readonly #pending = new Map<string, { slot: Slot; endsAt: number; dueAt: number }>();

  constructor(parts: { scripts: SlotScripts; breaker: RedisBreaker; timing: SlotTiming }) {
    this.#scripts = parts.scripts;
    this.#breaker = parts.breaker;
    this.#timing = parts.timing;
  }

  /** Releases at once if Redis answers, otherwise in the background. */
  async release(slot: Slot): Promise<void> {
    const release = () => this.#scripts.release(userKeys(slot.userId), slot.permitId).then(() => true);
    if (this.#breaker.closed && (await this.#breaker.ask(release))) return;
    this.add(slot);
  }

  add(slot: Slot): void {
    const now = performance.now();
    // Twice the lease: Redis may still run a call that reached its deadline.
    const endsAt = now + 2 * this.#timing.leaseMs;
    this.#pending.set(slot.permitId, { slot, endsAt, dueAt: now + this.#timing.retryMs });
  }

  tick(): void {
    if (!this.#breaker.closed) return;
    const now = performance.now();
    let left = BATCH;
    for (const [permitId, { slot, endsAt, dueAt }] of this.#pending) {
      if (dueAt > now) continue;
      if (left-- === 0) break;
      this.#pending.delete(permitId);
      if (endsAt < now) continue;
      void this.#again(slot, endsAt);
    }
  }

  async #again(slot: Slot, endsAt: number): Promise<void> {
    const release = () => this.#scripts.release(userKeys(slot.userId), slot.permitId).then(() => true);
    if (await this.#breaker.ask(release)) return;
    this.#pending.set(slot.permitId, { slot, endsAt, dueAt: performance.now() + this.#timing.retryMs });
  }
}
