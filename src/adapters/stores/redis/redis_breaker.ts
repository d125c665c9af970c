import { isOutage } from './redis_outage.ts';

/** For how long after a failure health says so. */
const SHOWN_MS = 1_000;

/**
 * Between the slots and a Redis that may be slow or away. What fails at once costs nobody anything and may be asked
 * again; after a call that ran into its deadline no request waits again, until a call in the background was answered.
 */
export class RedisBreaker {
  readonly #onMistake: (error: unknown) => void;
  #open = false;
  #failedAt = Number.NEGATIVE_INFINITY;

  /** @param onMistake is told what failed through no fault of Redis */
  constructor(onMistake: (error: unknown) => void) {
    this.#onMistake = onMistake;
  }

  /** Whether requests may ask Redis. */
  get closed(): boolean {
    return !this.#open;
  }

  /** Whether a call failed a moment ago. */
  failing(): boolean {
    return this.#open || performance.now() - this.#failedAt < SHOWN_MS;
  }

  /** What Redis answers; undefined where it does not. Never rejects. */
  async ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await call();
      this.#open = false;
      return answer;
    } catch (error) {
      this.#failedAt = performance.now();
      if (!isOutage(error)) this.#onMistake(error);
      if (error instanceof Error && error.message === 'Command timed out') this.#open = true;
      return undefined;
    }
  }
}
