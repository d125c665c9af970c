import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotScripts } from '../../src/adapters/stores/slots/slot_scripts.ts';
import type { Slot } from '../../src/core/resilience/slot_store.ts';
import { runs } from '../support/fast_check_runs.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type SlotInstance, startSlotInstance } from '../support/slot_cluster.ts';
import { slotOf } from '../support/slot_store_contract.ts';
import { until } from '../support/until.ts';

const LIMIT = 2;
const INSTANCES = 3;
const limits = { maxConnections: 1_000, maxConnectionsPerUser: LIMIT };
const timing = { leaseMs: 800, renewMs: 150, retryMs: 50, tickMs: 10 };

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

const who = { instance: fc.nat(INSTANCES - 1), user: fc.constantFrom('a', 'b'), which: fc.nat(20) };
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('take' as const), ...who }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('release' as const), ...who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), ...who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose reply' as const), ...who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait for a lease' as const), ...who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('redis down' as const), ...who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('redis up' as const), ...who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('adopt' as const), ...who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('detach' as const), ...who }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

const disposable = (client: Redis) => Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });

/** What should be: who holds what, by the answers that callers got. */
interface Holder {
  slot: Slot;
  at: number;
  detached: boolean;
}

/** Three instances as they are, the model beside them, and what the model may no longer be sure of. */
class World {
  readonly #run: number;
  readonly #instances: SlotInstance[] = [];
  readonly #all: SlotInstance[] = [];
  #held: Holder[] = [];
  /** Users whose count the limit no longer bounds: by adoption or an outage; and those of whom ghosts may be left. */
  readonly #beyond = new Set<string>();
  readonly #ghosts = new Set<string>();
  #loseNext = new Set<SlotInstance>();

  constructor(run: number) {
    this.#run = run;
  }

  async start(): Promise<void> {
    for (let at = 0; at < INSTANCES; at += 1) this.#instances.push(await this.#startOne());
  }

  async #startOne(): Promise<SlotInstance> {
    const instance: SlotInstance = await startSlotInstance(redis.url, {
      limits,
      timing,
      scripts: (connection) => {
        const scripts = slotScripts(connection);
        return {
          ...scripts,
          take: async (...args) => {
            const reply = await scripts.take(...args);
            if (this.#loseNext.delete(instance)) throw new Error('the reply got lost');
            return reply;
          },
        };
      },
    });
    this.#all.push(instance);
    return instance;
  }

  #of(user: string): Holder[] {
    this.#forgetLost();
    return this.#held.filter((holder) => holder.slot.userId === user);
  }

  #forgetLost(): void {
    const lost = new Set(this.#instances.flatMap((instance) => instance.lost.map(({ permitId }) => permitId)));
    this.#held = this.#held.filter(({ slot }) => !lost.has(slot.permitId));
  }

  async apply(step: Command): Promise<void> {
    const user = `${step.user}-${this.#run}`;
    const instance = this.#instances[step.instance] as SlotInstance;
    const mine = this.#of(user);
    const one = mine[step.which % Math.max(1, mine.length)];
    if (step.kind === 'take' || step.kind === 'lose reply') {
      if (step.kind === 'lose reply') this.#loseNext.add(instance);
      await this.#take(instance, step.instance, user, mine);
      this.#loseNext.delete(instance);
    } else if (step.kind === 'release' && one) {
      await this.#instances[one.at]?.store.release(one.slot);
      await this.#instances[one.at]?.store.release(one.slot);
      this.#held = this.#held.filter((holder) => holder !== one);
      if (!redis.running) this.#ghosts.add(user);
    } else if (step.kind === 'detach' && one) {
      one.detached = !one.detached;
      await this.#instances[one.at]?.store.setDetached(one.slot, one.detached);
      if (!redis.running) this.#beyond.add(user);
    } else if (step.kind === 'adopt') {
      const slot = slotOf(user);
      await instance.store.adopt(slot);
      this.#held.push({ slot, at: step.instance, detached: false });
      this.#beyond.add(user);
    } else if (step.kind === 'crash') {
      instance.crash();
      for (const { slot } of this.#held.filter(({ at }) => at === step.instance)) this.#ghosts.add(slot.userId);
      this.#held = this.#held.filter(({ at }) => at !== step.instance);
      this.#instances[step.instance] = await this.#startOne();
    } else if (step.kind === 'wait for a lease') {
      await sleep(timing.leaseMs + timing.renewMs);
      if (redis.running) this.#ghosts.clear();
    } else if (step.kind === 'redis down' && redis.running) {
      await redis.kill();
      for (const { slot } of this.#held) {
        this.#beyond.add(slot.userId);
        this.#ghosts.add(slot.userId);
      }
    } else if (step.kind === 'redis up' && !redis.running) {
      await this.#redisUp();
    }
    this.#check();
  }

  async #take(instance: SlotInstance, at: number, user: string, before: Holder[]): Promise<void> {
    const guesses = instance.staticDecisions;
    const slot = slotOf(user);
    const { granted } = await instance.store.take(slot);
    const guessed = instance.staticDecisions > guesses;
    if (granted) this.#held.push({ slot, at, detached: false });
    if (guessed) {
      this.#beyond.add(user);
      this.#ghosts.add(user);
    } else {
      const living = before.filter((holder) => !holder.detached).length;
      if (granted && !this.#beyond.has(user)) expect(living, 'granted below the limit only').toBeLessThan(LIMIT);
      if (!granted && !this.#ghosts.has(user) && !this.#beyond.has(user)) {
        expect(before.length, 'refused at the limit only').toBeGreaterThanOrEqual(LIMIT);
        expect(living, 'refused where none is detached').toBeGreaterThanOrEqual(LIMIT);
      }
    }
    // A slot that gave way elsewhere learns of it soon, and the next step wants to know.
    if (granted && !guessed && !this.#beyond.has(user)) {
      await until('others gave way', () => this.#of(user).length <= LIMIT);
    }
  }

  async #redisUp(): Promise<void> {
    await redis.start();
    await until('all instances are connected', () =>
      this.#instances.every((instance) => !instance.store.failing() && instance.redis.status === 'ready'),
    );
  }

  #check(): void {
    for (const user of ['a', 'b'].map((name) => `${name}-${this.#run}`)) {
      if (!this.#beyond.has(user)) expect(this.#of(user).length, user).toBeLessThanOrEqual(LIMIT);
    }
    for (const [at, { store }] of this.#instances.entries()) {
      this.#forgetLost();
      expect(store.view().total_connections).toBe(this.#held.filter((holder) => holder.at === at).length);
    }
  }

  /** Everything is given back: all counts are zero, and each user can have the limit, and no more. */
  async end(): Promise<void> {
    if (!redis.running) await this.#redisUp();
    this.#forgetLost();
    for (const { slot, at } of this.#held) await this.#instances[at]?.store.release(slot);
    this.#held = [];
    // Not an instance's connection: its deadline is for requests, and this machine may be busy.
    using client = disposable(new Redis({ path: redis.url.slice('unix://'.length) }));
    await until('Redis counts nothing', async () => {
      const keys = await client.keys('weir:slots:*');
      const counts = await Promise.all(keys.map((key) => client.zcount(key, Date.now(), '+inf')));
      return counts.every((count) => count === 0);
    });
    for (const { store } of this.#instances) expect(store.view()).toMatchObject({ total_connections: 0, users: 0 });
    for (const name of ['a', 'b']) await this.#takeAll(name);
    for (const key of await client.keys('weir:*')) expect(await client.pttl(key), key).not.toBe(-1);
  }

  /** On a busy machine Redis may answer after an instance has decided alone: then a user without slots is next. */
  async #takeAll(name: string): Promise<void> {
    let round = 0;
    await until(`Redis decides for ${name}`, async () => {
      round += 1;
      const guesses = this.#guesses();
      const user = round === 1 ? `${name}-${this.#run}` : `${name}-${this.#run}-${round}`;
      const takes = await Promise.all(this.#instances.map(({ store }) => store.take(slotOf(user))));
      if (this.#guesses() > guesses) return false;
      expect(takes.filter(({ granted }) => granted)).toHaveLength(LIMIT);
      return true;
    });
  }

  #guesses(): number {
    return this.#instances.reduce((sum, { staticDecisions }) => sum + staticDecisions, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((instance) => instance.close()));
  }
}

describe('slots in a real Redis', () => {
  it(
    'hold their limits and leak nothing, whatever happens in whatever order',
    async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
          run += 1;
          const world = new World(run);
          try {
            await world.start();
            for (const step of commands) await world.apply(step);
            await world.end();
          } finally {
            if (!redis.running) await redis.start();
            await world.close();
          }
        }),
        { numRuns: runs(4), interruptAfterTimeLimit: runs(15_000), endOnFailure: true },
      );
      expect(run).toBeGreaterThan(1);
    },
    runs(60_000),
  );
});
