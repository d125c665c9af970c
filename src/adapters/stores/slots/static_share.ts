import type { SlotObserver } from '../../../core/observe/observers.ts';
import type { Slot, SlotVerdict } from '../../../core/resilience/slot_store.ts';
import type { CapacityGrant } from './capacity_grant.ts';
import { type HeldSlots, limitOfUser, refused, type SlotLimits } from './held_slots.ts';

/**
 * Decides without Redis while it does not answer: the instance enforces its equal share of the user's limit. So limits
 * are neither gone nor multiplied by the number of instances, and streams can still start.
 */
export class StaticShare {
  readonly #held: HeldSlots;
  readonly #capacity: CapacityGrant;
  readonly #limits: SlotLimits;
  readonly #observer: SlotObserver;
  readonly #strict: boolean;

  /** @param strict refuse instead */
  constructor(
    parts: { held: HeldSlots; capacity: CapacityGrant; observer: SlotObserver },
    limits: SlotLimits,
    strict: boolean,
  ) {
    this.#held = parts.held;
    this.#capacity = parts.capacity;
    this.#observer = parts.observer;
    this.#limits = limits;
    this.#strict = strict;
  }

  /** A refusal if the share of the total is used up, or in strict mode. */
  refuse(used: number): SlotVerdict | undefined {
    const verdict = this.#refusal(used);
    if (verdict) this.#observer.decidedStatically();
    return verdict;
  }

  /** Decides by the user's share, and holds the slot if there is room. @returns who gave way, too */
  decide(slot: Slot, used: number): { verdict: SlotVerdict; gaveWay: Slot[] } {
    this.#observer.decidedStatically();
    if (this.#strict) return { verdict: { granted: false, limit: 'unknown' }, gaveWay: [] };
    const share = this.#capacity.staticShare(limitOfUser(this.#limits, slot.userId));
    const gaveWay = this.#held.givingWay(slot.userId, share);
    if (!gaveWay) return { verdict: refused('user', this.#held.countOf(slot.userId), share), gaveWay: [] };
    const now = performance.now();
    this.#held.add(slot, { forced: true, confirmedAt: now }, now);
    const userConnections = this.#held.countOf(slot.userId) - gaveWay.length;
    return { verdict: { granted: true, userConnections, totalConnections: used + 1 }, gaveWay };
  }

  #refusal(used: number): SlotVerdict | undefined {
    if (this.#strict) return { granted: false, limit: 'unknown' };
    const ceiling = this.#capacity.ceiling();
    return used >= ceiling ? refused('total', used, ceiling) : undefined;
  }
}
