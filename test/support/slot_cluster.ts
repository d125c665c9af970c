import { Redis } from 'ioredis';
import { connectRedis, type RedisConnection } from '../../src/adapters/stores/redis/redis_connection.ts';
import { RedisSlotStore } from '../../src/adapters/stores/slots/redis_slot_store.ts';
import type { SlotScripts, SlotTiming } from '../../src/adapters/stores/slots/slot_scripts.ts';
import type { Slot } from '../../src/core/resilience/slot_store.ts';
import { silentLog } from './silent_log.ts';

/** Short enough that a lease can be waited for, long enough that a busy machine keeps it. */
export const SHORT_TIMING: SlotTiming = { leaseMs: 1_500, renewMs: 300, retryMs: 100, tickMs: 20 };

/** A store as an instance has it: with a connection of its own, and a log of what it lost. */
export interface SlotInstance {
  store: RedisSlotStore;
  redis: RedisConnection;
  lost: Slot[];
  staticDecisions: number;
  /** What Redis refused through no fault of its own, such as keys of several slots in one script. */
  mistakes: string[];
  /** Ends as a killed process does: nothing is given back, nothing renewed. */
  crash(): void;
  close(): Promise<void>;
}

export interface SlotInstanceOptions {
  limits: { maxConnections: number; maxConnectionsPerUser: number };
  timing?: SlotTiming;
  onFailure?: 'static' | 'strict';
  scripts?: (redis: RedisConnection) => SlotScripts;
  /** How long it waits for Redis before it decides alone: long, so that Redis decides on a busy machine too. */
  commandMs?: number;
}

let boots = 0;

export async function startSlotInstance(url: string, options: SlotInstanceOptions): Promise<SlotInstance> {
  const { limits, timing = SHORT_TIMING, onFailure = 'static', scripts, commandMs = 10_000 } = options;
  const redis = await connectRedis(url, silentLog);
  if (redis instanceof Redis) redis.options.commandTimeout = commandMs;
  boots += 1;
  const observer = {
    slotLost() {},
    decidedStatically() {
      instance.staticDecisions += 1;
    },
  };
  const own = scripts ? { scripts: scripts(redis) } : {};
  const store = new RedisSlotStore(redis, {
    limits,
    incarnation: `boot-${boots}`,
    onFailure,
    observer,
    log: { ...silentLog, error: (_, event, facts) => void instance.mistakes.push(`${event} ${facts?.reason}`) },
    timing,
    ...own,
  });
  const instance: SlotInstance = {
    store,
    redis,
    lost: [],
    staticDecisions: 0,
    mistakes: [],
    crash: () => redis.disconnect(),
    async close() {
      await store.close();
      redis.disconnect();
    },
  };
  store.whenLost((slot) => instance.lost.push(slot));
  await store.start();
  return instance;
}
