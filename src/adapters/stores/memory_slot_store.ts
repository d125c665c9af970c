import { poolState } from '../../core/resilience/pool_state.ts';
import type { Slot, SlotStore, SlotVerdict } from '../../core/resilience/slot_store.ts';
import type { PoolView } from '../../protocol/cluster_view.ts';

/** How many streams there may be at once. */
export interface SlotLimits {
  maxConnections: number;
  maxConnectionsPerUser: number;
}

/** What one user holds: permit ids; the detached ones in the order in which they lost their readers. */
interface HeldByUser {
  permits: Set<string>;
  detached: Set<string>;
}

/** Slots of this process alone: exact, and decided in one synchronous step. */
export class MemorySlotStore implements SlotStore {
  readonly #limits: SlotLimits;
  readonly #held = new Map<string, HeldByUser>();
  #total = 0;
  #evicted: (slot: Slot) => void = () => {};

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  take(slot: Slot): SlotVerdict {
    const { maxConnections, maxConnectionsPerUser } = this.#limits;
    if (this.#total >= maxConnections) {
      return { granted: false, limit: 'total', current: this.#total, max: maxConnections };
    }
    const mine = this.#held.get(slot.userId);
    let givesWay: string | undefined;
    if (mine && mine.permits.size >= maxConnectionsPerUser) {
      givesWay = mine.detached.values().next().value;
      if (givesWay === undefined) {
        return { granted: false, limit: 'user', current: mine.permits.size, max: maxConnectionsPerUser };
      }
    }
    this.adopt(slot);
    if (givesWay !== undefined) {
      const evicted = { userId: slot.userId, permitId: givesWay };
      this.release(evicted);
      this.#evicted(evicted);
    }
    const userConnections = this.#held.get(slot.userId)?.permits.size ?? 0;
    return { granted: true, userConnections, totalConnections: this.#total };
  }

  adopt(slot: Slot): void {
    const mine = this.#held.get(slot.userId) ?? { permits: new Set(), detached: new Set() };
    if (mine.permits.has(slot.permitId)) return;
    this.#held.set(slot.userId, mine);
    mine.permits.add(slot.permitId);
    this.#total += 1;
  }

  setDetached(slot: Slot, detached: boolean): void {
    const mine = this.#held.get(slot.userId);
    if (detached && mine?.permits.has(slot.permitId)) mine.detached.add(slot.permitId);
    else mine?.detached.delete(slot.permitId);
  }

  release(slot: Slot): void {
    const mine = this.#held.get(slot.userId);
    if (!mine?.permits.delete(slot.permitId)) return;
    mine.detached.delete(slot.permitId);
    this.#total -= 1;
    if (mine.permits.size === 0) this.#held.delete(slot.userId);
  }

  forget(slot: Slot): void {
    this.release(slot);
  }

  whenLost(evicted: (slot: Slot) => void): void {
    this.#evicted = evicted;
  }

  failing(): boolean {
    return false;
  }

  view(): PoolView {
    return {
      state: poolState(this.#total, this.#limits.maxConnections),
      total_connections: this.#total,
      max_connections: this.#limits.maxConnections,
      max_connections_per_user: this.#limits.maxConnectionsPerUser,
      users: this.#held.size,
      scope: 'instance',
    };
  }
}
