import type { RedisBreaker } from '../redis/redis_breaker.ts';
import type { SlotScripts, SlotTiming } from './slot_scripts.ts';

/** The number of instances is remembered for this many leases: a Redis that lost its data sees only one at first. */
const REMEMBERED_LEASES = 10;

/**
 * This instance's part of the deployment's total, with a lease that is renewed in the background. While the part has room,
 * requests need not ask Redis. lua/grant.lua decides the size.
 */
export class CapacityGrant {
  readonly #scripts: SlotScripts;
  readonly #breaker: RedisBreaker;
  readonly #timing: SlotTiming;
  readonly #incarnation: string;
  readonly #total: number;
  /** Connections that this instance uses, with those that are being decided. */
  readonly #used: () => number;
  #part = 0;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #instances = 1;
  #instancesAt = Number.NEGATIVE_INFINITY;
  #usedByOthers = 0;
  #answered = true;
  #waiting = 0;
  readonly #bornAt = performance.now();
  #askedAt = Number.NEGATIVE_INFINITY;
  #left = false;
  #underWay: Promise<void> | undefined;

  constructor(
    parts: { scripts: SlotScripts; breaker: RedisBreaker; timing: SlotTiming },
    incarnation: string,
    total: number,
    used: () => number,
  ) {
    this.#scripts = parts.scripts;
    this.#breaker = parts.breaker;
    this.#timing = parts.timing;
    this.#incarnation = incarnation;
    this.#total = total;
    this.#used = used;
  }

  /** Whether the last question was answered. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Connections used in the whole deployment, as far as this instance knows. */
  get usedInAll(): number {
    return this.#usedByOthers + this.#used();
  }

  /** An equal share of `limit` for each instance of the last minute in which Redis answered. */
  staticShare(limit: number): number {
    return Math.ceil(limit / this.#instances);
  }

  /** How many connections this instance may use now. */
  ceiling(): number {
    if (!this.#answered || !this.#breaker.closed) return this.staticShare(this.#total);
    return performance.now() < this.#confirmedAt + this.#timing.leaseMs ? this.#part : 0;
  }

  /** Asks Redis for more, for a request that found no room. Waits for a question under way, and asks again if needed. */
  async more(): Promise<void> {
    this.#waiting += 1;
    try {
      await this.#underWay;
      if (this.#used() >= this.ceiling()) await this.refresh();
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Renews the part when it is due. While Redis does not answer, this call detects that it is back. */
  tick(): void {
    const { leaseMs, renewMs, retryMs } = this.#timing;
    const now = performance.now();
    // In its first seconds other instances start too, so it asks more often.
    const settled = this.#answered && this.#breaker.closed && now > this.#bornAt + leaseMs;
    if (!this.#left && now >= this.#askedAt + (settled ? renewMs : retryMs)) void this.refresh();
  }

  refresh(): Promise<void> {
    this.#underWay ??= this.#ask().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Returns the part, so that other instances can use it at once. */
  async withdraw(): Promise<void> {
    this.#left = true;
    await this.#underWay;
    await this.#breaker.ask(() => this.#scripts.withdraw(this.#incarnation));
  }

  async #ask(): Promise<void> {
    const used = this.#used();
    this.#askedAt = performance.now();
    const sentAt = this.#askedAt;
    // The new part may be smaller, and others may use the difference at once: grant nothing above it meanwhile.
    this.#part = Math.min(this.#part, used);
    const reply = await this.#breaker.ask(() =>
      this.#scripts.grant(this.#incarnation, used, this.#waiting, this.#total, this.#timing.leaseMs),
    );
    this.#answered = reply !== undefined;
    if (!reply) return;
    this.#part = reply.part;
    this.#confirmedAt = sentAt;
    this.#count(reply.instances, sentAt);
    this.#usedByOthers = reply.usedInAll - used;
  }
  #count(instances: number, now: number): void {
    const forgotten = now > this.#instancesAt + REMEMBERED_LEASES * this.#timing.leaseMs;
    if (instances < this.#instances && !forgotten) return;
    this.#instances = instances;
    this.#instancesAt = now;
  }
}
