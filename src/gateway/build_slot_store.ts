import type { RedisConnection } from '../adapters/stores/redis/redis_connection.ts';
import { MemorySlotStore } from '../adapters/stores/slots/memory_slot_store.ts';
import { RedisSlotStore } from '../adapters/stores/slots/redis_slot_store.ts';
import type { EventLog } from '../core/observe/event_log.ts';
import type { SlotObserver } from '../core/observe/slot_observer.ts';
import type { SlotStore } from '../core/resilience/slot_store.ts';
import type { GatewayConfig } from './config.ts';

/** Limits of this instance alone, or of all instances that share `redis`. */
export async function buildSlotStore(
  config: GatewayConfig,
  redis: RedisConnection | undefined,
  boot: string,
  observer: SlotObserver,
  log: EventLog,
  ownLimit?: (userId: string) => number | undefined,
): Promise<SlotStore> {
  const limits = {
    maxConnections: config.MAX_CONNECTIONS,
    maxConnectionsPerUser: config.MAX_CONNECTIONS_PER_USER,
    ...(ownLimit ? { ownLimit } : {}),
  };
  if (config.POOL_SCOPE === 'instance' || !redis) return new MemorySlotStore(limits);
  const store = new RedisSlotStore(redis, { limits, boot, onFailure: config.REDIS_FAILURE, observer, log });
  await store.start();
  return store;
}
