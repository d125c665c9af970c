import type { EventLog, SlotObserver } from '../../../core/observe/observers.ts';
import type { Slot, SlotStore, SlotVerdict } from '../../../core/resilience/slot_store.ts';
import type { PoolView } from '../../../formats/cluster/cluster_view.ts';
import { mistakeLog, RedisBreaker } from '../redis/redis_breaker.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';
import { CapacityGrant } from './capacity_grant.ts';
import { HeldSlots, limitOfUser, poolView, refused, type SlotLimits } from './held_slots.ts';
import { PendingReleases } from './pending_releases.ts';
import { SlotRenewal } from './slot_renewal.ts';
import { SLOT_TIMING, type SlotScripts, type SlotTiming, slotScripts, userKeys } from './slot_scripts.ts';
import { StaticShare } from './static_share.ts';

/** Options of a store of slots in Redis. */
export interface RedisSlotOptions {
  limits: SlotLimits;
  /** This incarnation of the instance. */
  incarnation: string;
  /** Without Redis: enforce this instance's share of the limits, or refuse. */
  onFailure: 'static' | 'strict';
  observer: SlotObserver;
  log: EventLog;
  timing?: SlotTiming;
  scripts?: SlotScripts;
}

/** Background work for slots, with one timer. */
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

/**
 * Slots of all instances together. A slot is a named member with a lease in a sorted set per user. A process renews its
 * slots; those of a dead process expire. There is no counter that could become wrong.
 *
 * One round trip per take. While Redis does not answer, an instance enforces an equal share of the limits, and registers
 * the slots that it granted when Redis is back.
 */
export class RedisSlotStore implements SlotStore {
  readonly #options: RedisSlotOptions;
  readonly #timing: SlotTiming;
  readonly #scripts: SlotScripts;
  readonly #held = new HeldSlots();
  readonly #breaker: RedisBreaker;
  readonly #capacity: CapacityGrant;
  readonly #renewal: SlotRenewal;
  readonly #releases: PendingReleases;
  readonly #static: StaticShare;
  readonly #upkeep: SlotUpkeep;
  /** Requests that count in the total and wait for the decision about their user's limit. */
  #deciding = 0;
  #lost: (slot: Slot) => void = () => {};

  constructor(redis: RedisConnection, options: RedisSlotOptions) {
    const { limits, incarnation, observer, timing = SLOT_TIMING, scripts = slotScripts(redis) } = options;
    this.#options = options;
    this.#breaker = new RedisBreaker(mistakeLog(options.log, 'The slots in Redis failed'));
    this.#timing = timing;
    this.#scripts = scripts;
    const parts = { held: this.#held, scripts, breaker: this.#breaker, timing };
    const capacity = new CapacityGrant(parts, incarnation, limits.maxConnections, () => this.#used());
    const renewal = new SlotRenewal(parts, limits, (slot) => this.#evict(slot));
    const releases = new PendingReleases(parts);
    const strict = options.onFailure === 'strict';
    this.#static = new StaticShare({ held: this.#held, capacity, observer }, limits, strict);
    this.#upkeep = new SlotUpkeep(redis, { renewal, capacity, releases });
    this.#capacity = capacity;
    this.#renewal = renewal;
    this.#releases = releases;
  }

  /** Gets this instance's part of the total, and renews from now on. */
  start(): Promise<void> {
    return this.#upkeep.start(this.#timing.tickMs);
  }

  async take(slot: Slot): Promise<SlotVerdict> {
    if (this.#used() >= this.#capacity.ceiling() && this.#breaker.closed) await this.#capacity.more();
    const { limits } = this.#options;
    const asks = this.#breaker.closed;
    if (asks && this.#capacity.answered) {
      if (this.#used() >= this.#capacity.ceiling())
        return refused('total', this.#capacity.usedInAll, limits.maxConnections);
    } else {
      const refusal = this.#static.refuse(this.#used());
      if (refusal) return refusal;
    }
    const sentAt = performance.now();
    this.#deciding += 1;
    const reply = asks ? await this.#breaker.ask(() => this.#ask(slot)) : undefined;
    this.#deciding -= 1;
    if (!reply) return this.#decideAlone(slot, asks);
    if (!reply.granted) return refused('user', reply.held, limitOfUser(limits, slot.userId));
    // If this process was paused meanwhile, the slot may have expired: take it again under the same name.
    if (performance.now() > sentAt + this.#timing.leaseMs) return this.take(slot);
    this.#held.add(slot, { forced: false, confirmedAt: sentAt }, sentAt + this.#timing.renewMs);
    for (const permitId of reply.gaveWay) this.#evict({ userId: slot.userId, permitId });
    return { granted: true, userConnections: reply.held, totalConnections: this.#capacity.usedInAll };
  }

  async adopt(slot: Slot): Promise<void> {
    const user = this.#held.add(slot, { forced: true, confirmedAt: Number.NEGATIVE_INFINITY }, 0);
    if (this.#breaker.closed) await this.#renewal.renew(user);
  }

  async setDetached(slot: Slot, detached: boolean): Promise<void> {
    const permit = this.#held.permit(slot);
    const user = this.#held.user(slot.userId);
    if (!permit || !user || (permit.detachedSince !== undefined) === detached) return;
    permit.detachedSince = detached ? performance.now() : undefined;
    if (this.#breaker.closed) await this.#renewal.renew(user);
  }

  async release(slot: Slot): Promise<void> {
    if (this.#held.remove(slot)) await this.#releases.release(slot);
  }

  forget(slot: Slot): void {
    this.#held.remove(slot);
  }

  whenLost(listener: (slot: Slot) => void): void {
    this.#lost = listener;
  }

  failing(): boolean {
    return !this.#capacity.answered || this.#breaker.failing();
  }

  staticShare(limit: number): number {
    return this.#capacity.staticShare(limit);
  }

  view(): PoolView {
    return poolView(this.#options.limits, this.#held, this.#capacity.usedInAll, 'cluster');
  }

  close(): Promise<void> {
    return this.#upkeep.stop();
  }

  #used(): number {
    return this.#held.total + this.#deciding;
  }

  #ask({ userId, permitId }: Slot) {
    const limit = limitOfUser(this.#options.limits, userId);
    return this.#scripts.take(userKeys(userId), permitId, limit, this.#timing.leaseMs);
  }

  #decideAlone(slot: Slot, asked: boolean): SlotVerdict {
    const { verdict, gaveWay } = this.#static.decide(slot, this.#used());
    for (const evicted of gaveWay) {
      this.#evict(evicted);
      this.#releases.add(evicted);
    }
    // The slot may have been granted and only the reply lost.
    if (asked && !verdict.granted) this.#releases.add(slot);
    return verdict;
  }

  /** If the stream is in another process, that one finds out when it renews. */
  #evict(slot: Slot): void {
    if (!this.#held.remove(slot)) return;
    this.#options.observer.slotLost();
    this.#lost(slot);
  }
}
