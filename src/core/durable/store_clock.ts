import type { LogStore } from './log_store.ts';

/** An answer that took longer does not say what the time is now. */
const PROMPT_MS = 100;

/**
 * The time by the store, which all instances share: a stream's age must not depend on whose clock is wrong. Looked at
 * now and then; in between this machine's clock runs on.
 */
export class StoreClock {
  readonly #store: LogStore;
  #ahead = 0;

  constructor(store: LogStore) {
    this.#store = store;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Never rejects: without an answer what was known goes on. */
  async look(): Promise<void> {
    const asked = Date.now();
    const time = await this.#store.time().catch(() => undefined);
    const answered = Date.now();
    if (time !== undefined && answered - asked <= PROMPT_MS) this.#ahead = time - (asked + answered) / 2;
  }
}
