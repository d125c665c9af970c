import type { PoolView } from '../../formats/cluster/cluster_view.ts';

/** What a caller asks for: one slot under a name that the server made, so that giving it back twice is harmless. */
export interface Slot {
  userId: string;
  permitId: string;
}

/**
 * Granted with the counts after it, or refused with the limit that stood in the way; `unknown` when the store could
 * not ask and may not guess. A refusal changes nothing.
 */
export type SlotVerdict =
  | { granted: true; userConnections: number; totalConnections: number }
  | { granted: false; limit: 'user' | 'total'; current: number; max: number }
  | { granted: false; limit: 'unknown' };

/**
 * Who holds a slot now. Stores that live in this process answer at once, so that no other request can come between
 * check and take; others answer with a promise. Nothing here rejects.
 */
export interface SlotStore {
  /** At the user's limit one detached slot of that user gives way, and the new one is granted. */
  take(slot: Slot): SlotVerdict | Promise<SlotVerdict>;
  /** Holds a slot that another instance held under this very name, whatever the limits say. */
  adopt(slot: Slot): void | Promise<void>;
  /** Whether the slot's stream has no reader; one that has none gives way to a new stream of its user. */
  setDetached(slot: Slot, detached: boolean): void | Promise<void>;
  /** Gives back that very slot; unknown ones are ignored. */
  release(slot: Slot): void | Promise<void>;
  /** Holds the slot no longer and does not give it back: another instance has adopted it. */
  forget(slot: Slot): void;
  /** Registers the callback for slots that were held here and are gone: they gave way, or expired in a pause. */
  whenLost(listener: (slot: Slot) => void): void;
  /** Whether decisions are guesses at the moment, because what the store asks does not answer. */
  failing(): boolean;
  /** This process' part of a limit that counts over the deployment, for when it has to decide alone. */
  staticShare(limit: number): number;
  view(): PoolView;
  /** Nothing is taken any more; what this process kept for itself is there for others. */
  close(): void | Promise<void>;
}
