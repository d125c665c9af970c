import type { Slot, SlotStore, SlotVerdict } from '../../../core/resilience/slot_store.ts';
import type { PoolView } from '../../../formats/cluster/cluster_view.ts';
import { HeldSlots, limitOfUser, poolView, refused, type SlotLimits } from './held_slots.ts';

/** Slots of this process alone: exact, and decided in one synchronous step. */
export class MemorySlotStore implements SlotStore {
  readonly #limits: SlotLimits;
  readonly #held = new HeldSlots();
  #evicted: (slot: Slot) => void = () => {};

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  take(slot: Slot): SlotVerdict {
    const { maxConnections } = this.#limits;
    if (this.#held.total >= maxConnections) return refused('total', this.#held.total, maxConnections);
    const limit = limitOfUser(this.#limits, slot.userId);
    const givesWay = this.#held.givingWay(slot.userId, limit);
    if (!givesWay) return refused('user', this.#held.countOf(slot.userId), limit);
    this.adopt(slot);
    for (const evicted of givesWay) {
      this.#held.remove(evicted);
      this.#evicted(evicted);
    }
    return { granted: true, userConnections: this.#held.countOf(slot.userId), totalConnections: this.#held.total };
  }

  adopt(slot: Slot): void {
    this.#held.add(slot, { forced: false, confirmedAt: 0 }, 0);
  }

  setDetached(slot: Slot, detached: boolean): void {
    const permit = this.#held.permit(slot);
    if (permit) permit.detachedSince = detached ? (permit.detachedSince ?? performance.now()) : undefined;
  }

  release(slot: Slot): void {
    this.#held.remove(slot);
  }

  forget(slot: Slot): void {
    this.#held.remove(slot);
  }

  whenLost(evicted: (slot: Slot) => void): void {
    this.#evicted = evicted;
  }

  failing(): boolean {
    return false;
  }

  staticShare(limit: number): number {
    return limit;
  }

  view(): PoolView {
    return poolView(this.#limits, this.#held, this.#held.total, 'instance');
  }

  close(): void {}
}
