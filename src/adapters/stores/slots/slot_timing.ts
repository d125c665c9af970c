/** The times of slots in Redis, in milliseconds. */
export interface SlotTiming {
  /** How long a slot outlives the last word of the process that holds it. */
  leaseMs: number;
  /** How often a living one is renewed. */
  renewMs: number;
  /** How often Redis is asked in the background while it does not answer. */
  retryMs: number;
  /** How often it is looked what is due. */
  tickMs: number;
}

/** Two renewals may fail before a lease ends; a killed process blocks its users for six seconds. */
export const SLOT_TIMING: SlotTiming = { leaseMs: 6_000, renewMs: 2_000, retryMs: 500, tickMs: 50 };
