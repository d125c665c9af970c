import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SLOT_LEASE_MS, SLOT_RENEWAL_MS } from '../../../formats/timing.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';

/** The keys of one user's slots. */
export interface UserKeys {
  slots: string;
  detached: string;
}

/**
 * Both keys have the same hash tag, so that one script can use both on a Redis Cluster. The user is stored as a hash,
 * because names of users may be long and must not be readable in Redis.
 */
export function userKeys(userId: string): UserKeys {
  const tag = hash('sha256', userId, 'base64url').slice(0, 22);
  return { slots: `weir:slots:{${tag}}`, detached: `weir:detached:{${tag}}` };
}

/** The times of slots in Redis, in milliseconds. */
export interface SlotTiming {
  /** A slot expires this long after its process last renewed it. */
  leaseMs: number;
  /** How often it is renewed. */
  renewMs: number;
  /** How often Redis is asked in the background while it does not answer. */
  retryMs: number;
  /** How often due renewals are looked for. */
  tickMs: number;
}

/** Two renewals may fail before a lease ends. A killed process blocks its users until its leases have ended. */
export const SLOT_TIMING: SlotTiming = { leaseMs: SLOT_LEASE_MS, renewMs: SLOT_RENEWAL_MS, retryMs: 500, tickMs: 50 };

const NAMES = ['take', 'renew', 'release', 'grant'] as const;
const CAPACITY_KEY = 'weir:{capacity}';

/** Text of each script, by name. */
export type SlotScriptSources = Record<(typeof NAMES)[number], string>;

/** What is renewed of a permit; see lua/renew.lua. */
export interface RenewedPermit {
  permitId: string;
  forced: boolean;
  detached: boolean;
}

/** The atomic steps; each is one round trip, and rejects when Redis does not answer in time. */
export interface SlotScripts {
  /** Permit ids that gave way, where others had to. */
  take(keys: UserKeys, permitId: string, limit: number, leaseMs: number): Promise<TakeReply>;
  /** Gives the permit ids that are lost. */
  renew(keys: UserKeys, limit: number, leaseMs: number, permits: readonly RenewedPermit[]): Promise<string[]>;
  release(keys: UserKeys, permitId: string): Promise<void>;
  grant(incarnation: string, used: number, needed: number, total: number, leaseMs: number): Promise<GrantReply>;
  /** Returns all of an instance's part. */
  withdraw(incarnation: string): Promise<void>;
}

export interface TakeReply {
  granted: boolean;
  held: number;
  gaveWay: string[];
}

export interface GrantReply {
  part: number;
  instances: number;
  usedInAll: number;
}

/** Reads the scripts that lie beside this file. */
export function readSlotScripts(): SlotScriptSources {
  const read = (name: string) => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as SlotScriptSources;
}

/** Makes the scripts commands of `redis`: sent by hash, and in full where Redis does not know them (any more). */
export function slotScripts(redis: RedisConnection, sources: SlotScriptSources = readSlotScripts()): SlotScripts {
  const keyCounts = { take: 2, renew: 2, release: 2, grant: 1 };
  const command = (name: (typeof NAMES)[number]) => {
    const as = `weir_${name}_slot`;
    redis.defineCommand(as, { lua: sources[name], numberOfKeys: keyCounts[name] });
    return (redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>)[as]?.bind(redis);
  };
  const [take, renew, release, grant] = NAMES.map(command);
  return {
    async take({ slots, detached }, permitId, limit, leaseMs) {
      const reply = (await take?.(slots, detached, permitId, limit, leaseMs)) as [number, number, ...string[]];
      const [granted, held, ...gaveWay] = reply;
      return { granted: granted === 1, held, gaveWay };
    },
    async renew({ slots, detached }, limit, leaseMs, permits) {
      const facts = permits.flatMap((each) => [each.permitId, Number(each.forced), Number(each.detached)]);
      return (await renew?.(slots, detached, limit, leaseMs, ...facts)) as string[];
    },
    async release({ slots, detached }, permitId) {
      await release?.(slots, detached, permitId);
    },
    async grant(incarnation, used, needed, total, leaseMs) {
      const reply = await grant?.(CAPACITY_KEY, incarnation, used, needed, total, leaseMs);
      const [part, instances, usedInAll] = reply as [number, number, number];
      return { part, instances, usedInAll };
    },
    async withdraw(incarnation) {
      await redis.hdel(CAPACITY_KEY, incarnation);
    },
  };
}
