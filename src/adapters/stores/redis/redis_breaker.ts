import type { EventLog } from '../../../core/observe/observers.ts';
import { REDIS_COMMAND_MS } from '../../../formats/timing.ts';

/** Error codes of Redis that pass by themselves or are fixed in Redis. Inside scripts they may be in the middle of the text. */
const PASSING =
  /\b(OOM|NOAUTH|WRONGPASS|NOPERM|READONLY|MISCONF|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOREPLICAS)\b|max number of clients/;

/** At most this many different mistakes are logged, because messages may differ each time. */
const MAX_LOGGED = 100;

/**
 * Whether a failed command means that Redis is away or does not serve now. Other refusals of Redis (a script that fails,
 * a key of another type) and JavaScript's own errors are mistakes in this program.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return PASSING.test(error.message);
  return ![TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/** Logs each mistake once, however often it happens. */
export function mistakeLog(log: EventLog, event: string) {
  const logged = new Set<string>();
  return (error: unknown): void => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (logged.has(reason) || logged.size === MAX_LOGGED) return;
    logged.add(reason);
    log.error('0', event, { reason });
  };
}

/** Health reports a failure for this long. */
const SHOWN_MS = 1_000;
/** If a deadline is this late, this process was paused: the answer may be unread in the socket. */
const STOOD_STILL_MS = 10;

/**
 * Protects requests from a Redis that is slow or away. Calls that fail at once cost no time and may be repeated. After a
 * call has reached its deadline, no request waits for Redis until a call in the background was answered.
 */
export class RedisBreaker {
  readonly #onMistake: (error: unknown) => void;
  #open = false;
  #failedAt = Number.NEGATIVE_INFINITY;

  /** @param onMistake gets failures that Redis did not cause */
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
   * The answer of Redis; undefined if it does not answer. Never rejects.
   * @param call must be repeatable: it is called again if this process was paused meanwhile
   */
  async ask<T>(call: () => Promise<T>, isRepeated = false): Promise<T | undefined> {
    const askedAt = performance.now();
    try {
      const answer = await call();
      this.#open = false;
      return answer;
    } catch (error) {
      const isLate = error instanceof Error && error.message === 'Command timed out';
      const stoodStill = performance.now() - askedAt > REDIS_COMMAND_MS + STOOD_STILL_MS;
      if (isLate && stoodStill && !isRepeated) return this.ask(call, true);
      this.#failedAt = performance.now();
      if (!isOutage(error)) this.#onMistake(error);
      if (isLate) this.#open = true;
      return undefined;
    }
  }
}
