import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisUsageStore } from '../../src/adapters/stores/usage/redis_usage_store.ts';
import type { UsageCounter } from '../../src/core/usage/usage_store.ts';
import { dayOf } from '../../src/formats/cluster/usage_days.ts';
import { UsageKeeper } from '../../src/stack/usage/usage_keeper.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis({ path: server.url.slice('unix://'.length) });
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});

const increase = (model: string, counters: [UsageCounter, number][]) => ({
  key: 'anonymous',
  provider: 'mock',
  model,
  counters: new Map(counters),
});

it('adds a batch once, of each incarnation, however often it comes and however long it is', async () => {
  const store = new RedisUsageStore(redis);
  const day = '2026-11-25';
  const many = Array.from({ length: 1_200 }, (_, at) => increase(`model-${at}`, [['ok', 1]]));
  const batch = { day, incarnation: 'app-1-a', number: 1, increases: many };
  await store.add(batch);
  await store.add(batch);
  // Part of it was added before the answer was lost.
  await store.add({ ...batch, number: 2, increases: many.slice(0, 500) });
  await store.add({ ...batch, number: 2 });
  await store.add({ ...batch, incarnation: 'app-1-b' });
  const rows = await store.read(['2026-11-24', day]);
  expect(rows).toHaveLength(1_200);
  expect(new Set(rows.map(({ ok }) => ok))).toEqual(new Set([3]));
});

it('is carried over the end of a Redis that writes nothing to disk, and never added twice', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-usage-'));
  const own = await startRedis();
  const socket = own.url.slice('unix://'.length);
  const day = dayOf(Date.now());
  const SEVEN_OF_EACH = [
    ['m', 7],
    ['alice', 7],
  ];
  const users = (client: Redis) => new RedisUsageStore(client, 'user_usage', 7);
  const counted = async () => {
    const client = new Redis({ path: socket });
    const stores = [new RedisUsageStore(client), users(client)];
    const rows = await Promise.all(stores.map((store) => store.read([day, '2020-01-01'])));
    client.disconnect();
    return rows.flat().map(({ model, ok }) => [model, ok]);
  };
  const add = async (count: number, number: number) => {
    const client = new Redis({ path: socket });
    const batch = { day, incarnation: 'app-1-a', number, increases: [increase('m', [['ok', count]])] };
    await new RedisUsageStore(client).add(batch);
    await users(client).add({ ...batch, increases: [increase('alice', [['ok', count]])] });
    client.disconnect();
  };
  const keeper = new UsageKeeper([{ path: socket }], path.join(folder, 'usage.json'));
  await keeper.look();
  await add(5, 1);
  await keeper.look();
  await own.kill();
  // Redis is away: nothing is forgotten.
  await keeper.look();
  await own.start();
  // It is back, and instances write before the keeper looks.
  await add(2, 2);
  await keeper.look();
  await keeper.look();
  expect(await counted()).toEqual(SEVEN_OF_EACH);
  await keeper.stop();
  const again = new UsageKeeper([{ path: socket }], path.join(folder, 'usage.json'));
  await again.look();
  expect(await counted()).toEqual(SEVEN_OF_EACH);
  expect(await own.cli('ttl', `weir:usage:{${day}}`)).toMatch(/^7[67]\d{5}$/);
  expect(await own.cli('ttl', `weir:user_usage:{${day}}`)).toMatch(/^[56]\d{5}$/);
  await own.close();
  rmSync(folder, { recursive: true });
});

it('keeps what clients call their models, tabs and all, and money to the billionth', async () => {
  const store = new RedisUsageStore(redis);
  const day = '2026-11-26';
  const name = 'a\tmodel "with" ünïcödé';
  for (const number of [1, 2, 3]) {
    const increases = [
      increase(name, [
        ['cancelled', 1],
        ['input', 10],
        ['nano_usd', 1_100_000_001],
      ]),
    ];
    await store.add({ day, incarnation: 'b', number, increases });
  }
  expect(await store.read([day])).toEqual([
    {
      day,
      key: 'anonymous',
      provider: 'mock',
      model: name,
      ok: 0,
      cancelled: 3,
      failed: 0,
      input_tokens: 30,
      output_tokens: 0,
      cached_input_tokens: 0,
      estimated_tokens: 0,
      cost_usd: 3.300000003,
    },
  ]);
});
