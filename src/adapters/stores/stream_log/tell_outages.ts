import type { LogStore } from '../../../core/durable/log_store.ts';
import { StoreUnavailable } from '../../../core/durable/store_unavailable.ts';
import type { EventLog } from '../../../core/observe/event_log.ts';
import { isOutage, mistakeLog } from '../redis/redis_outage.ts';

/**
 * The same store, which rejects with {@link StoreUnavailable} where Redis is away, and with the error itself, which is
 * logged, where the mistake is ours: whoever goes on without Redis must not do so because of a bug.
 */
export function tellOutages(store: LogStore, log: EventLog): LogStore {
  const onMistake = mistakeLog(log, 'The stream log failed');
  const told = (error: unknown): never => {
    if (isOutage(error)) throw new StoreUnavailable(error);
    onMistake(error);
    throw error;
  };
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, given);
        return result instanceof Promise ? result.catch(told) : result;
      };
    },
  });
}
