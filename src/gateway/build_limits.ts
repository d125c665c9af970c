import { ApiKeysFile } from '../adapters/access/api_keys_file.ts';
import { RateCounters } from '../adapters/stores/limits/rate_counters.ts';
import type { RedisConnection } from '../adapters/stores/redis/redis_connection.ts';
import { MemorySlotStore } from '../adapters/stores/slots/memory_slot_store.ts';
import { RedisSlotStore } from '../adapters/stores/slots/redis_slot_store.ts';
import { KeyRing } from '../core/access/key_ring.ts';
import type { EventLog, SlotObserver } from '../core/observe/observers.ts';
import type { SlotStore } from '../core/resilience/slot_store.ts';
import type { GatewayConfig } from './config.ts';

/** The clients' keys, as the file says now; undefined where none are wanted. */
export async function openKeys(config: GatewayConfig, log: EventLog) {
  if (config.AUTH_MODE === 'none') return undefined;
  const ring = new KeyRing();
  const file = new ApiKeysFile(config.API_KEYS_FILE as string, log, (keys) => ring.replace(keys));
  await file.open();
  return { ring, close: () => file.close() };
}

/** @param share this instance's part of a limit, while Redis does not answer */
export function buildLimits(
  config: GatewayConfig,
  redis: RedisConnection | undefined,
  log: EventLog,
  share: (limit: number) => number,
): RateCounters {
  return new RateCounters(redis, { share, onFailure: config.REDIS_FAILURE, log });
}

/** Limits of this instance alone, or of all instances that share `redis`. */
export async function buildSlotStore(
  config: GatewayConfig,
  redis: RedisConnection | undefined,
  incarnation: string,
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
  const store = new RedisSlotStore(redis, { limits, incarnation, onFailure: config.REDIS_FAILURE, observer, log });
  await store.start();
  return store;
}
