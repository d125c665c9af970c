import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisConnection } from '../../src/adapters/stores/redis/redis_connection.ts';
import { readSlotScripts, type SlotScriptSources, slotScripts } from '../../src/adapters/stores/slots/slot_scripts.ts';
import type { Slot } from '../../src/core/resilience/slot_store.ts';
import { REDIS_COMMAND_MS } from '../../src/formats/timing.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  SHORT_TIMING,
  type SlotInstance,
  type SlotInstanceOptions,
  startSlotInstance,
} from '../support/slot_cluster.ts';
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

describe('instances that share a Redis', () => {
  const limits = { maxConnections: 100, maxConnectionsPerUser: 2 };
  afterEach(closeAll);

  it('take over a slot under its name: it is one slot all the time, and the old holder does not free it', async () => {
    const [old, next] = [await start({ limits }), await start({ limits })];
    const [slot] = (await takeAll(old.store, 'taken-over', 1)) as [Slot];
    await next.store.adopt(slot);
    old.store.forget(slot);
    await old.store.release(slot);
    expect(await takeAll(old.store, 'taken-over', 2)).toHaveLength(1);
    expect(await next.store.take(slotOf('taken-over'))).toMatchObject({ granted: false, current: 2 });
    await next.store.release(slot);
    expect(await takeAll(old.store, 'taken-over', 1)).toHaveLength(1);
  });

  it('keep an adopted slot of a killed one alive', async () => {
    const [dead, heir] = [await start({ limits }), await start({ limits })];
    const slots = await takeAll(dead.store, 'inherited', 2);
    dead.crash();
    for (const slot of slots) await heir.store.adopt(slot);
    const began = performance.now();
    await until('more than two leases are over', async () => {
      expect(await granted(heir.store, slotOf('inherited'))).toBe(false);
      return performance.now() - began > 2 * SHORT_TIMING.leaseMs;
    });
    expect(heir.lost).toEqual([]);
  });

  it('let a detached stream of one give way to a new one at another, which its holder learns', async () => {
    const [one, two] = [await start({ limits }), await start({ limits })];
    const [abandoned] = (await takeAll(one.store, 'moved-on', 2)) as [Slot];
    await one.store.setDetached(abandoned, true);
    expect(await granted(two.store, slotOf('moved-on'))).toBe(true);
    await until('its holder knows', () => one.lost.length === 1);
    expect(one.lost).toEqual([abandoned]);
    expect(await granted(two.store, slotOf('moved-on'))).toBe(false);
    expect(one.store.view().total_connections).toBe(1);
  });

  it('ask a frozen Redis once: no later request waits for it', async () => {
    let asked = 0;
    const counting: Scripts = (connection) => {
      const scripts = slotScripts(connection);
      const take: typeof scripts.take = (...args) => {
        asked += 1;
        return scripts.take(...args);
      };
      return { ...scripts, take };
    };
    const instance = await start({ limits, scripts: counting, commandMs: REDIS_COMMAND_MS });
    redis.process.kill('SIGSTOP');
    try {
      const user = (at: number) => slotOf(`frozen-${at}`);
      for (let at = 0; at < 20; at += 1) expect(await granted(instance.store, user(at))).toBe(true);
      // Once more, when this process stood still meanwhile.
      expect(asked).toBeLessThanOrEqual(2);
      expect(instance.store.failing()).toBe(true);
    } finally {
      redis.process.kill('SIGCONT');
    }
    await until('it is asked again', () => !instance.store.failing());
    expect(await granted(instance.store, slotOf('thawed'))).toBe(true);
    expect(asked).toBeGreaterThan(0);
  });

  it('have something for each of many that start at once, and all of it for the one that needs it', async () => {
    const few = { maxConnections: 40, maxConnectionsPerUser: 40 };
    const all: SlotInstance[] = [];
    for (let at = 0; at < 5; at += 1) all.push(await start({ limits: few }));
    for (const { store } of all) expect(await takeAll(store, 'crowd', 1)).toHaveLength(1);
    let held = 5;
    await until('one has the rest', async () => {
      held += (await takeAll((all[2] as SlotInstance).store, 'crowd', 1)).length;
      return held === 40;
    });
    for (const { store } of all) expect(await granted(store, slotOf('crowd'))).toBe(false);
  });

  it('give the rest of the total to those that are left when one leaves', async () => {
    const few = { maxConnections: 6, maxConnectionsPerUser: 6 };
    const [one, two] = [await start({ limits: few }), await start({ limits: few })];
    expect(await takeAll(one.store, 'total', 2)).toHaveLength(2);
    await two.store.close();
    expect(await takeAll(one.store, 'total', 4)).toHaveLength(4);
    expect(await one.store.take(slotOf('total'))).toEqual({ granted: false, limit: 'total', current: 6, max: 6 });
  });
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

/** Scripts that trust the clock of the caller, sent as one more argument. */
function onLocalClock(skewMs: number): Scripts {
  const clockless = mutated((source) =>
    source
      .replaceAll('#ARGV', '#ARGV - 1')
      .replace(/local time = .*\nlocal now = .*\n/, 'local now = tonumber(ARGV[#ARGV])\n'),
  );
  return (connection) => {
    const named = connection as unknown as Record<string, (...args: unknown[]) => unknown>;
    const clocked = new Proxy(named, {
      get: (target, key) => {
        const value = Reflect.get(target, key);
        if (typeof key === 'symbol' || !key.startsWith('weir_') || key === 'weir_release_slot') return value;
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
