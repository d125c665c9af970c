import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AdmissionStack, startAdmissionStack, statuses } from '../support/admission_stack.ts';
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
  if (!stack.redis.running) await stack.redis.start();
  stack.redis.process.kill('SIGCONT');
  await stack.nothingLeft();
});

const at = (index: number): Instance => stack.instances[index % 3] as Instance;

function open(instance: Instance, user: string): RawConnection {
  const raw = stack.open(instance, user);
  opened.push(raw);
  return raw;
}

const openOnEach = (user: string) => [0, 1, 2].map((index) => open(at(index), user));

const everyHealth = (redis: 'connected' | 'disconnected') => async () => {
  const views = await Promise.all([0, 1, 2].map((index) => stack.health(at(index))));
  return views.every(
    (view) => view.redis === redis && view.status === (redis === 'connected' ? 'healthy' : 'degraded'),
  );
};

/** Three streams, one after another, on these instances; refused ones are asked for again. */
async function threeOf(user: string, instances: Instance[]): Promise<RawConnection[]> {
  const got: RawConnection[] = [];
  await until('three are granted', async () => {
    const raw = open(instances[got.length] as Instance, user);
    if ((await statuses([raw]))[200]) got.push(raw);
    return got.length === 3;
  });
  return got;
}

/** Closes these, and waits until all their slots can be had again, whichever instance is asked. */
async function freeAgain(user: string, streams: RawConnection[]): Promise<void> {
  for (const raw of streams) raw.socket.destroy();
  const got = await threeOf(user, [0, 1, 2].map(at));
  expect(await statuses(openOnEach(user))).toEqual({ 429: 3 });
  for (const raw of got) raw.socket.destroy();
}

describe('while Redis is away', () => {
  it('each instance enforces its share; what it granted counts afterwards, and nothing had to be restarted', async () => {
    // On a busy machine Redis may be silent for a moment before it is away; then a share is all that is granted.
    const before = await threeOf('holder', [0, 0, 0].map(at));
    await stack.redis.kill();
    await until('health says so', everyHealth('disconnected'));
    expect(await statuses(openOnEach('fresh'))).toEqual({ 200: 3 });
    expect(await statuses(openOnEach('fresh'))).toEqual({ 429: 3 });
    // The instance that holds three grants none, the two others do not know.
    const meanwhile = openOnEach('holder');
    expect(await statuses(meanwhile)).toEqual({ 200: 2, 429: 1 });
    expect(await stack.metric(at(0), 'weir_static_decisions_total')).toBeGreaterThan(0);
    await stack.redis.start();
    await until('health says so', everyHealth('connected'));
    await until('what was granted is registered', async () => {
      const counts = await stack.ask(async (client) => {
        const keys = await client.keys('weir:slots:*');
        return Promise.all(keys.map((key) => client.zcard(key)));
      });
      return counts.sort().join() === '3,5';
    });
    expect(await statuses(openOnEach('holder'))).toEqual({ 429: 3 });
    expect(await statuses(openOnEach('fresh'))).toEqual({ 429: 3 });
    for (const raw of [...before, ...meanwhile]) expect(raw.received()).not.toContain('event: error');
    // Two too many: below the limit is where the next one begins.
    before[0]?.socket.destroy();
    before[1]?.socket.destroy();
    await until('the instance let them go', async () => (await stack.health(at(0))).pool.total_connections === 2);
    expect(await statuses(openOnEach('holder'))).toEqual({ 429: 3 });
    await freeAgain('holder', [...before, ...meanwhile]);
  });

  it('a restart that loses everything costs no stream its place', async () => {
    const streams = openOnEach('survivor');
    expect(await statuses(streams)).toEqual({ 200: 3 });
    await stack.redis.kill();
    await stack.redis.start();
    await until('they are registered again', async () => {
      const count = await stack.ask(async (client) => {
        const [key] = await client.keys('weir:slots:*');
        return key ? client.zcard(key) : 0;
      });
      return count === 3 && everyHealth('connected')();
    });
    expect(await statuses(openOnEach('survivor'))).toEqual({ 429: 3 });
    for (const raw of streams) expect(raw.received()).not.toContain('event: error');
    await freeAgain('survivor', streams);
  });

  it('and answers nothing for five seconds, requests are answered all the same', async () => {
    const before = [open(at(0), 'patient')];
    expect(await statuses(before)).toEqual({ 200: 1 });
    await stack.ask((client) => client.client('PAUSE', 5_000, 'ALL'));
    const during = Array.from({ length: 20 }, () => openOnEach('patient')).flat();
    const counts = await statuses(during);
    expect((counts[200] ?? 0) + (counts[429] ?? 0)).toBe(60);
    expect(counts[200]).toBeLessThanOrEqual(3);
    expect((await stack.health(at(0))).redis).toBe('disconnected');
    await until('health says so', everyHealth('connected'));
    for (const raw of before) expect(raw.received()).not.toContain('event: error');
    await freeAgain('patient', [...before, ...during]);
  });

  it('and a stream ends meanwhile, its slot is free when Redis is back', async () => {
    const streams = openOnEach('leaver');
    expect(await statuses(streams)).toEqual({ 200: 3 });
    stack.redis.process.kill('SIGSTOP');
    await until('health says so', everyHealth('disconnected'));
    for (const raw of streams) raw.socket.destroy();
    await until('the instances let them go', async () => {
      const views = await Promise.all([0, 1, 2].map((index) => stack.health(at(index))));
      return views.every(({ pool }) => pool.total_connections === 0);
    });
    stack.redis.process.kill('SIGCONT');
    await until('health says so', everyHealth('connected'));
    await freeAgain('leaver', []);
  });
});

describe('a Redis that forgets its scripts', () => {
  it('gets them again, and no decision is guessed', async () => {
    const guessed = () => Promise.all([0, 1, 2].map((index) => stack.metric(at(index), 'weir_static_decisions_total')));
    const before = await guessed();
    const streams = openOnEach('flushed');
    await statuses(streams);
    await stack.ask((client) => client.script('FLUSH'));
    expect(await statuses(openOnEach('flushed'))).toEqual({ 429: 3 });
    streams[0]?.socket.destroy();
    await stack.ask((client) => client.script('FLUSH'));
    await until('there is room', async () => (await statuses([open(at(1), 'flushed')]))[200] === 1);
    expect(await guessed()).toEqual(before);
  });
});

describe('REDIS_FAILURE=strict', () => {
  it('answers 503 and says why, and recovers by itself', async () => {
    const strict = await startAdmissionStack({ REDIS_FAILURE: 'strict' });
    try {
      const [instance] = strict.instances as [Instance];
      const running = strict.open(instance, 'strict');
      expect(await statuses([running])).toEqual({ 200: 1 });
      await strict.redis.kill();
      const refused = strict.open(instance, 'strict');
      expect(await statuses([refused])).toEqual({ 503: 1 });
      expect(refused.received()).toContain('"details":{"reason":"redis"}');
      await strict.redis.start();
      await until('it grants again', async () => {
        const raw = strict.open(instance, 'other');
        const counts = await statuses([raw]);
        raw.socket.destroy();
        return counts[200] === 1;
      });
      expect(running.received()).not.toContain('event: error');
      running.socket.destroy();
      await strict.nothingLeft();
    } finally {
      await strict.close();
    }
  });
});
