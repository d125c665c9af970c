import type { LogStore } from '../../../core/durable/log_store.ts';
import { StoreUnavailable } from '../../../core/durable/log_store.ts';
import type { EventLog } from '../../../core/observe/observers.ts';
import { REDIS_COMMAND_MS, REDIS_WAIT_MS } from '../../../formats/timing.ts';
import { isOutage, mistakeLog } from '../redis/redis_breaker.ts';

/** Tries are counted, not time: a process that was paused has used one try and not all of them. */
const TRIES = REDIS_WAIT_MS / REDIS_COMMAND_MS;

/**
 * The same store, but it repeats steps that Redis did not answer: a stream must not lose its log because Redis or this
 * process had no CPU for a moment. Rejects with {@link StoreUnavailable} when Redis is away. Rejects with the error itself,
 * and logs it, when it is a mistake of this program: a bug must not look like a missing Redis.
 */
export function retryingStore(store: LogStore, log: EventLog): LogStore {
  const onMistake = mistakeLog(log, 'The stream log failed');
  const repeat = async (step: () => Promise<unknown>): Promise<unknown> => {
    for (let tries = 1; ; tries += 1) {
      const askedAt = performance.now();
      try {
        return await step();
      } catch (error) {
        if (!isOutage(error)) {
          onMistake(error);
          throw error;
        }
        if (tries === TRIES) throw new StoreUnavailable(error);
        // A call that failed at once would fail again at once.
        const early = REDIS_COMMAND_MS - (performance.now() - askedAt);
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      }
    }
  };
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      const step = (given: unknown[]) => Reflect.apply(member, target, given) as unknown;
      // A scan can not be repeated in the middle: its reader starts again.
      if (name === 'scan') return (...given: unknown[]) => step(given);
      return (...given: unknown[]) => repeat(() => step(given) as Promise<unknown>);
    },
  });
}
