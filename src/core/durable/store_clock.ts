import type { LogStore } from './log_store.ts';

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
    if (time !== undefined) this.#ahead = time - (asked + Date.now()) / 2;
  }
}
