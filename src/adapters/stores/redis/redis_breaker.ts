import { COMMAND_DEADLINE_MS } from './redis_connection.ts';
import { isOutage } from './redis_outage.ts';

/** For how long after a failure health says so. */
const SHOWN_MS = 1_000;
/** A deadline this late was held up by our own process: the answer may lie unread in the socket. */
const STOOD_STILL_MS = 10;

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

  /**
   * What Redis answers; undefined where it does not. Never rejects.
   * @param call one that can be repeated: it is asked once more where this process stood still meanwhile
   */
  async ask<T>(call: () => Promise<T>, isRepeated = false): Promise<T | undefined> {
    const askedAt = performance.now();
    try {
      const answer = await call();
      this.#open = false;
      return answer;
    } catch (error) {
      const isLate = error instanceof Error && error.message === 'Command timed out';
      const stoodStill = performance.now() - askedAt > COMMAND_DEADLINE_MS + STOOD_STILL_MS;
      if (isLate && stoodStill && !isRepeated) return this.ask(call, true);
      this.#failedAt = performance.now();
      if (!isOutage(error)) this.#onMistake(error);
      if (isLate) this.#open = true;
      return undefined;
    }
  }
}
