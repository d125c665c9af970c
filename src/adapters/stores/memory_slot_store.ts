import { poolState } from '../../core/resilience/pool_state.ts';
import type { Slot, SlotStore, SlotVerdict } from '../../core/resilience/slot_store.ts';
import type { PoolView } from '../../protocol/cluster_view.ts';

/** Limits of one instance. */
export interface SlotLimits {
  maxConnections: number;
  maxConnectionsPerUser: number;
}

/** Slots of this process alone: exact, and decided in one synchronous step. */
export class MemorySlotStore implements SlotStore {
  readonly #limits: SlotLimits;
  readonly #held = new Map<string, Set<string>>();
  #total = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  take(slot: Slot): SlotVerdict {
    const { maxConnections, maxConnectionsPerUser } = this.#limits;
    if (this.#total >= maxConnections) {
      return { granted: false, limit: 'total', current: this.#total, max: maxConnections };
    }
    const mine = this.#held.get(slot.userId);
    if (mine && mine.size >= maxConnectionsPerUser) {
      return { granted: false, limit: 'user', current: mine.size, max: maxConnectionsPerUser };
    }
    if (mine) mine.add(slot.permitId);
    else this.#held.set(slot.userId, new Set([slot.permitId]));
    this.#total += 1;
    return { granted: true, userConnections: mine?.size ?? 1, totalConnections: this.#total };
  }

  release(slot: Slot): void {
    const mine = this.#held.get(slot.userId);
    if (!mine?.delete(slot.permitId)) return;
    this.#total -= 1;
    if (mine.size === 0) this.#held.delete(slot.userId);
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
