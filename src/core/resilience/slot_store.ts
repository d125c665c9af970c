import type { PoolView } from '../../protocol/cluster_view.ts';

/** What a caller asks for: one slot under a name that the server made, so that giving it back twice is harmless. */
export interface Slot {
  userId: string;
  permitId: string;
}

/** Granted with the counts after it, or refused with the limit that stood in the way. A refusal changes nothing. */
export type SlotVerdict =
  | { granted: true; userConnections: number; totalConnections: number }
  | { granted: false; limit: 'user' | 'total'; current: number; max: number };

/**
 * Who holds a slot now. Stores that live in this process answer at once, so that no other request can come between
 * check and take; others answer with a promise.
 */
export interface SlotStore {
  take(slot: Slot): SlotVerdict | Promise<SlotVerdict>;
  /** Gives back that very slot; unknown ones are ignored. */
  release(slot: Slot): void | Promise<void>;
  view(): PoolView;
}
