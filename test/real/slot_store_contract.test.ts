import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisConnection } from '../../src/adapters/stores/redis_connection.ts';
import { readSlotScripts, type SlotScriptSources, slotScripts } from '../../src/adapters/stores/slot_scripts.ts';
import type { Slot } from '../../src/core/resilience/slot_store.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type SlotInstance, type SlotInstanceOptions, startSlotInstance } from '../support/slot_cluster.ts';
import { granted, slotOf, slotStoreContract, takeAll } from '../support/slot_store_contract.ts';
import { until } from '../support/until.ts';

let redis: TestRedis;
let running: SlotInstance[] = [];
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

async function start(options: SlotInstanceOptions): Promise<SlotInstance> {
  const instance = await startSlotInstance(redis.url, options);
  running.push(instance);
  return instance;
}

async function closeAll(): Promise<void> {
  await Promise.all(running.map((instance) => instance.close()));
  running = [];
}

describe('RedisSlotStore', () => {
  slotStoreContract(async (limits) => (await start({ limits })).store, closeAll);
});

type Scripts = (redis: RedisConnection) => ReturnType<typeof slotScripts>;
const limits = { maxConnections: 100, maxConnectionsPerUser: 3 };
let users = 0;

/** A killed process' slots end by themselves, also while the user's other streams run on elsewhere. */
async function crashedSlotsEnd(scripts: Scripts): Promise<void> {
  const user = `crash-${users++}`;
  const [dead, alive] = [await start({ limits, scripts }), await start({ limits, scripts })];
  await takeAll(dead.store, user, 2);
  await takeAll(alive.store, user, 1);
  expect(await granted(alive.store, slotOf(user))).toBe(false);
  dead.crash();
  const got: Slot[] = [];
  await until(
    'both slots are free',
    async () => {
      got.push(...(await takeAll(alive.store, user, 1)));
      return got.length === 2;
    },
    6_000,
  );
  expect(alive.lost).toEqual([]);
}

/** What one gives back another can have at once. */
async function releasedSlotsAreFree(scripts: Scripts): Promise<void> {
  const user = `release-${users++}`;
  const [one, two] = [await start({ limits, scripts }), await start({ limits, scripts })];
  const held = await takeAll(one.store, user, 3);
  await one.store.release(held[0] as Slot);
  expect(await takeAll(two.store, user, 2)).toHaveLength(1);
}

/** Machines whose clocks differ agree on who holds what. */
async function clocksMayDiffer(late: Scripts, early: Scripts): Promise<void> {
  const user = `clock-${users++}`;
  const [one, two] = [await start({ limits, scripts: late }), await start({ limits, scripts: early })];
  await takeAll(one.store, user, 3);
  expect(await takeAll(two.store, user, 3)).toEqual([]);
}

function mutated(change: (source: string, name: string) => string): Scripts {
  const sources = readSlotScripts();
  for (const name of Object.keys(sources) as (keyof SlotScriptSources)[]) {
    sources[name] = change(sources[name], name);
  }
  return (connection) => slotScripts(connection, sources);
}

/** Scripts that trust the clock of whoever calls, sent as one more argument. */
function onLocalClock(skewMs: number): Scripts {
  const clockless = mutated((source) =>
    source
      .replaceAll('#ARGV', '#ARGV - 1')
      .replace(/local time = .*\nlocal now = .*\n/, 'local now = tonumber(ARGV[#ARGV])\n'),
  );
  return (connection) => {
    const named = connection as unknown as Record<string, (...args: unknown[]) => unknown>;
    const clocked = new Proxy(named, {
      get: (target, key: string) => {
        const value = Reflect.get(target, key);
        if (!key.startsWith('weir_') || key === 'weir_release_slot') return value;
        return (...args: unknown[]) => value?.call(target, ...args, Date.now() + skewMs);
      },
    });
    return clockless(clocked as unknown as RedisConnection);
  };
}

describe('the scenarios that the scripts are for', () => {
  const asWritten: Scripts = (connection) => slotScripts(connection);

  it('hold with the scripts as they are', async () => {
    await crashedSlotsEnd(asWritten);
    await releasedSlotsAreFree(asWritten);
    await clocksMayDiffer(asWritten, asWritten);
    await closeAll();
  });

  it('do not hold when nothing drops the expired', async () => {
    const broken = mutated((source) => source.replaceAll(/^.*ZREMRANGEBYSCORE.*$/gm, ''));
    await expect(crashedSlotsEnd(broken)).rejects.toThrow('both slots are free');
    await closeAll();
  });

  it('do not hold when a release removes nothing', async () => {
    const broken = mutated((source, name) => (name === 'release' ? 'return 0' : source));
    await expect(releasedSlotsAreFree(broken)).rejects.toThrow('expected');
    await closeAll();
  });

  it('do not hold when each instance goes by its own clock', async () => {
    await clocksMayDiffer(onLocalClock(0), onLocalClock(0));
    await expect(clocksMayDiffer(onLocalClock(0), onLocalClock(60_000))).rejects.toThrow('expected');
    await closeAll();
  });
});
