import type { EventLog } from '../../../core/observe/observers.ts';
import { REDIS_COMMAND_MS } from '../../../formats/timing.ts';

/** Redis' own words for what passes, or is mended on its side; in scripts they may stand in the middle. */
const PASSING =
  /\b(OOM|NOAUTH|WRONGPASS|NOPERM|READONLY|MISCONF|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOREPLICAS)\b|max number of clients/;

/** Different mistakes that are told; messages may hold what differs each time. */
const MAX_TOLD = 100;

/**
 * Whether a failed command says that Redis is away or will not serve now. What else Redis refuses (a script that
 * breaks off, a key of another type) and JavaScript's own errors are mistakes in this program.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return PASSING.test(error.message);
  return ![TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/** Tells each mistake once, however often it is met. */
export function mistakeLog(log: EventLog, event: string) {
  const told = new Set<string>();
  return (error: unknown): void => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (told.has(reason) || told.size === MAX_TOLD) return;
    told.add(reason);
    log.error('0', event, { reason });
  };
}

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
      const stoodStill = performance.now() - askedAt > REDIS_COMMAND_MS + STOOD_STILL_MS;
      if (isLate && stoodStill && !isRepeated) return this.ask(call, true);
      this.#failedAt = performance.now();
      if (!isOutage(error)) this.#onMistake(error);
      if (isLate) this.#open = true;
      return undefined;
    }
  }
}
