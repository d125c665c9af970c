import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AdmissionStack, startAdmissionStack, statuses, statusOf } from '../support/admission_stack.ts';
import type { Instance } from '../support/instance.ts';
import type { RawConnection } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

let stack: AdmissionStack;
let opened: RawConnection[] = [];
beforeAll(async () => {
  stack = await startAdmissionStack();
});
afterAll(() => stack.close());
afterEach(async () => {
  for (const raw of opened) raw.socket.destroy();
  opened = [];
  await stack.nothingLeft();
});

const at = (index: number): Instance => stack.instances[index % 3] as Instance;

function open(instance: Instance, user: string, model?: string): RawConnection {
  const raw = stack.open(instance, user, model);
  opened.push(raw);
  return raw;
}

/** So many at once, spread over the instances. */
const openMany = (user: string, count: number, model?: string) =>
  Array.from({ length: count }, (_, index) => open(at(index), user, model));

/**
 * Asks, for users who hold nothing, until Redis has decided everything: on a busy machine it may answer after an instance
 * has decided by its own share.
 */
async function decidedByRedis<T>(name: string, ask: (user: string) => Promise<T>): Promise<T & { user: string }> {
  const guesses = async () => {
    const counts = stack.instances.map((instance) => stack.metric(instance, 'weir_static_decisions_total'));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };
  for (let round = 1; ; round += 1) {
    const before = await guesses();
    const user = `${name}-${round}`;
    const answer = await ask(user);
    if ((await guesses()) === before) return { ...answer, user };
    for (const raw of opened.splice(0)) raw.socket.destroy();
    await stack.nothingLeft();
  }
}

describe('limits over three instances', () => {
  it('let 3 of 50 simultaneous requests stream, and the provider never sees a fourth', async () => {
    const { user, all, counts } = await decidedByRedis('many', async (user) => {
      const all = openMany(user, 50);
      return { all, counts: await statuses(all) };
    });
    expect(counts).toEqual({ 200: 3, 429: 47 });
    expect(stack.provider.peak(user)).toBe(3);
    const refused = all.find((raw) => statusOf(raw) === 429)?.received() ?? '';
    expect(refused).toContain('Maximum 3 allowed.');
    expect(refused).toContain('"scope":"cluster"');
    expect((await stack.health(at(0))).pool).toMatchObject({ scope: 'cluster', max_connections: 10_000 });
  });

  it('leave all counts at zero after completions, errors, refusals and clients that leave at any stage', async () => {
    const stages = [
      'mock-3x0',
      'mock-3x50',
      'mock-hang-before-head',
      'mock-hang-after-head',
      'mock-500',
      'mock-1000x20',
    ];
    for (let round = 0; round < 4; round += 1) {
      const all = stages.flatMap((model, index) => openMany(`mix-${index}`, 4, model));
      all.push(open(at(round), 'mix-0', ''));
      for (const [index, raw] of all.entries()) setTimeout(() => raw.socket.destroy(), (index * 7 + round * 13) % 120);
      await Promise.all(all.map((raw) => raw.ended));
    }
    await stack.nothingLeft();
    for (let index = 0; index < 6; index += 1) expect(stack.provider.peak(`mix-${index}`)).toBeLessThanOrEqual(12);
  });

  it('do not count refusals: after 100 of them beside one stream there is room for two more', async () => {
    const { user, filled, counts } = await decidedByRedis('refused', async (user) => {
      const filled = openMany(user, 3).slice(1);
      const counts = [await statuses(opened)];
      for (let round = 0; round < 4; round += 1) counts.push(await statuses(openMany(user, 25)));
      return { filled, counts };
    });
    expect(counts).toEqual([{ 200: 3 }, ...Array(4).fill({ 429: 25 })]);
    for (const raw of filled) raw.socket.destroy();
    await until('there is room again', async () => (await statuses(openMany(user, 1)))[200] === 1);
    expect(stack.provider.peak(user)).toBe(3);
  });

  it('free the slot before the terminal event, so that a client that goes on at once is not refused', async () => {
    await statuses(openMany('onward', 2));
    for (let round = 0; round < 20; round += 1) {
      const raw = open(at(round), 'onward', 'mock-2x0');
      await until('the end', () => raw.received().includes('[DONE]') || statusOf(raw) === 429);
      expect(statusOf(raw)).toBe(200);
    }
  });

  it('keep the slot of a stream that is longer than the lease', async () => {
    const streams = openMany('long', 3);
    expect(await statuses(streams)).toEqual({ 200: 3 });
    const began = performance.now();
    await until('more than a lease is over', async () => {
      expect(await statuses([open(at(1), 'long')])).toEqual({ 429: 1 });
      return performance.now() - began > 9_000;
    });
    for (const raw of streams) expect(raw.received()).not.toContain('event: error');
    expect(stack.provider.peak('long')).toBe(3);
  });

  it('give every key a time to live', async () => {
    await statuses(openMany('ttl', 3));
    const ttls = await stack.ask(async (client) => {
      const keys = await client.keys('weir:*');
      return Promise.all(keys.map(async (key) => [key, await client.pttl(key)] as const));
    });
    expect(ttls.map(([key]) => key)).toContain('weir:{capacity}');
    expect(ttls.filter(([, ttl]) => ttl <= 0)).toEqual([]);
  });

  it('are not felt by another user while one is at the limit', async () => {
    await statuses(openMany('greedy', 3));
    const knocking = setInterval(() => open(at(opened.length), 'greedy'), 5);
    const refusedBefore = await stack.metric(at(0), 'weir_refusals_total{code="too_many_connections"}');
    for (let round = 0; round < 10; round += 1) {
      const raw = open(at(round), `quiet-${round}`, 'mock-3x0');
      await until('the other one is served', () => raw.received().includes('[DONE]'));
      expect(statusOf(raw)).toBe(200);
    }
    await until('the first one kept being refused', async () => {
      return (await stack.metric(at(0), 'weir_refusals_total{code="too_many_connections"}')) > refusedBefore;
    });
    clearInterval(knocking);
  });

  it('free what a killed instance held within 11 s, and disturb no other user', async () => {
    const doomed = await stack.add('app-4');
    const other = openMany('bystander', 3);
    const held = [0, 1, 2].map(() => open(doomed, 'orphan'));
    expect(await statuses([...held, ...other])).toEqual({ 200: 6 });
    await doomed.stop();
    expect(await statuses(openMany('orphan', 1))).toEqual({ 429: 1 });
    const again: RawConnection[] = [];
    await until(
      'three slots are free',
      async () => {
        const raw = open(at(again.length), 'orphan');
        if ((await statuses([raw]))[200]) again.push(raw);
        return again.length === 3;
      },
      11_000,
    );
    expect(await statuses(openMany('orphan', 3))).toEqual({ 429: 3 });
    for (const raw of other) expect(raw.received()).not.toContain('event: error');
    expect(stack.provider.peak('orphan')).toBe(3);
  });

  it('hold for an instance that was paused past its lease: what it held belongs to others', async () => {
    const paused = await stack.add('app-5');
    const before = [0, 1, 2].map(() => open(paused, 'sleeper'));
    expect(await statuses(before)).toEqual({ 200: 3 });
    paused.process.kill('SIGSTOP');
    const after: RawConnection[] = [];
    await until(
      'its slots are free',
      async () => {
        const raw = open(at(after.length), 'sleeper');
        if ((await statuses([raw]))[200]) after.push(raw);
        return after.length === 3;
      },
      11_000,
    );
    paused.process.kill('SIGCONT');
    await until('its streams have ended', () => before.every((raw) => raw.received().includes('event: error')));
    for (const raw of before) expect(raw.received()).toContain('"error":"too_many_connections"');
    await until('it asks Redis again', async () => (await stack.health(paused)).redis === 'connected');
    expect(await statuses([open(paused, 'sleeper'), open(at(0), 'sleeper')])).toEqual({ 429: 2 });
    for (const raw of after) expect(raw.received()).not.toContain('event: error');
    expect(await stack.metric(paused, 'weir_slots_lost_total')).toBe(3);
    for (const raw of [...after]) raw.socket.destroy();
    await paused.stop();
  });
});

describe('the total over three instances', () => {
  it('is used to its end by the instances that need it, and never exceeded', async () => {
    const small = await startAdmissionStack({ MAX_CONNECTIONS: '20', MAX_CONNECTIONS_PER_USER: '100' });
    try {
      const [one, two, three] = small.instances as [Instance, Instance, Instance];
      const streams: RawConnection[] = [];
      const fill = (instance: Instance) => async () => {
        const raw = small.open(instance, 'all');
        if ((await statuses([raw]))[200]) streams.push(raw);
        return streams.length === 20;
      };
      await until('one instance has it all', fill(one));
      const refused = [small.open(one, 'all'), small.open(two, 'all'), small.open(three, 'all')];
      expect(await statuses(refused)).toEqual({ 503: 3 });
      // How many there are elsewhere it knows as of their last renewal.
      expect(refused[1]?.received()).toMatch(/"reason":"pool_exhausted","current":\d+,"max":20\b/);
      for (const raw of streams.splice(0)) raw.socket.destroy();
      await until('another one has it all', fill(two));
      expect(small.provider.peak('all')).toBe(20);
      for (const raw of streams) raw.socket.destroy();
      await small.nothingLeft();
    } finally {
      await small.close();
    }
  });
});
