/** Where whole answers are kept, for a while and within a bound. Never fails: what can't be had is not there. */
export interface EntryStore {
  /** @returns undefined where there is none, it is over, or the store does not answer */
  get(key: string): Promise<string | undefined>;
  /** Keeps it in place of what was there; where there is no room, those go that would be over soonest. */
  set(key: string, entry: string, ttlSeconds: number): Promise<void>;
}
