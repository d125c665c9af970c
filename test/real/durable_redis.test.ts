import { describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { startInstance } from '../support/instance.ts';
import {
  attach,
  chunks,
  contentOf,
  lastId,
  notices,
  only,
  openThread,
  type Reading,
  resumable,
  sequence,
  sha256,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

const spoken = (seed: number, tokens: number) => ({ seed, tokens, tokens_per_second: 50 });
const streaming = async (
  deployment: Deployment,
  at: number,
  seed: number,
  tokens: number,
  headers: Record<string, string> = {},
): Promise<Reading> => {
  const reading = await openThread(deployment.url(at), resumable(spoken(seed, tokens)), headers);
  expect(reading.status).toBe(200);
  await until('it streams', () => chunks(reading).length > 10);
  return reading;
};
/** Everything, exactly once, however many connections it took. */
function expectWhole(seed: number, tokens: number, ...readings: Reading[]): void {
  const text = textOf(spoken(seed, tokens));
  expect(contentOf(...readings)).toBe(text);
  expect(sequence(...readings)).toEqual(Array.from({ length: tokens + 2 }, (_, at) => at));
  expect(only(readings.at(-1) as Reading, 'complete').sha256).toBe(sha256(text));
}
const redisSays = (deployment: Deployment, at: number, word: string) =>
  until(`health says ${word}`, async () => {
    const health = (await (await fetch(`${deployment.url(at)}/api/v1/health`)).json()) as { redis: string };
    return health.redis === word;
  });
/** A stream of this very deployment survives a death again. */
async function survivesAgain(deployment: Deployment, seed: number): Promise<void> {
  const first = await streaming(deployment, 0, seed, 100);
  await deployment.kill(0);
  await first.ended;
  const rest = await attach(deployment.url(1), threadOf(first), lastId(first));
  await rest.ended;
  expectWhole(seed, 100, first, rest);
  await deployment.boot(0);
}

describe('Redis', () => {
  it('killed and started empty under streams: they say so, complete, can be resumed again, and keep their keys', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    const key = { 'Idempotency-Key': 'kept' };
    const streams = [await streaming(deployment, 0, 51, 250, key), await streaming(deployment, 1, 52, 250)];
    await deployment.redis.kill();
    await until('they say so', () => streams.every((reading) => notices(reading).includes('not_resumable')));
    const during = await openThread(deployment.url(0), resumable(spoken(53, 20)));
    await during.ended;
    expect(notices(during)).toContain('not_resumable');
    expect(contentOf(during)).toBe(textOf(spoken(53, 20)));
    await deployment.redis.start();
    await until('they say that it is over', () => streams.every((reading) => notices(reading).includes('resumable')));
    const piped = await attach(deployment.url(1), threadOf(streams[0] as Reading));
    const repeat = await openThread(deployment.url(1), resumable(spoken(51, 250)), key);
    expect(threadOf(repeat)).toBe(threadOf(streams[0] as Reading));
    await Promise.all([...streams, piped, repeat].map((reading) => reading.ended));
    expectWhole(51, 250, streams[0] as Reading);
    expectWhole(52, 250, streams[1] as Reading);
    expectWhole(51, 250, piped);
    expectWhole(51, 250, repeat);
    await survivesAgain(deployment, 54);
    expect(deployment.errors()).toEqual([]);
  });

  it.concurrent('slow for half a second: streams wait, new ones are resumable, and no client notices', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    const running = await streaming(deployment, 0, 65, 150);
    const redis = deployment.redis.process;
    redis.kill('SIGSTOP');
    // The claim of a key is repeated, and without one the making of the thread.
    const opening = [{ 'Idempotency-Key': 'slow' }, {}].map((headers, at) =>
      openThread(deployment.url(at), resumable(spoken(66 + at, 50)), headers),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    redis.kill('SIGCONT');
    const opened = await Promise.all(opening);
    await until('they stream', () => opened.every((reading) => chunks(reading).length > 5));
    await deployment.kill(0);
    await Promise.all([running, ...opened].map((reading) => reading.ended));
    for (const [seed, tokens, reading] of [[65, 150, running] as const, [66, 50, opened[0] as Reading] as const]) {
      const rest = await attach(deployment.url(1), threadOf(reading), lastId(reading));
      await rest.ended;
      expectWhole(seed, tokens, reading, rest);
    }
    expectWhole(67, 50, opened[1] as Reading);
    expect([running, ...opened].flatMap(notices)).toEqual([]);
    expect(await deployment.metric(1, 'weir_unlogged_streams_total')).toBe(0);
  });

  it.concurrent('frozen for five seconds: streams go on, and no instance is taken for dead', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    const streams = [await streaming(deployment, 0, 55, 450), await streaming(deployment, 1, 56, 450)];
    const redis = deployment.redis.process;
    redis.kill('SIGSTOP');
    await until('they say so', () => streams.every((reading) => notices(reading).includes('not_resumable')));
    const had = streams.map((reading) => chunks(reading).length);
    await until('they have gone on for five seconds', () =>
      streams.every((reading, at) => chunks(reading).length > (had[at] as number) + 230),
    );
    redis.kill('SIGCONT');
    await until('they say that it is over', () => streams.every((reading) => notices(reading).at(-1) === 'resumable'));
    await Promise.all(streams.map((reading) => reading.ended));
    expectWhole(55, 450, streams[0] as Reading);
    expectWhole(56, 450, streams[1] as Reading);
    for (const at of [0, 1]) expect(await deployment.metric(at, 'weir_takeovers_total')).toBe(0);
  });

  it.concurrent('stopped for longer than every lease: the same, and no stream is torn between two owners', async () => {
    await using deployment = await Deployment.start({ instances: 2, env: { POOL_SCOPE: 'cluster' } });
    const streams = [await streaming(deployment, 0, 57, 750), await streaming(deployment, 1, 58, 750)];
    const redis = deployment.redis.process;
    redis.kill('SIGSTOP');
    await until(
      'they have gone on for ten seconds',
      () => streams.every((reading) => chunks(reading).length > 500),
      20_000,
    );
    redis.kill('SIGCONT');
    await until('they say that it is over', () => streams.every((reading) => notices(reading).at(-1) === 'resumable'));
    await redisSays(deployment, 0, 'connected');
    await until('Redis counts both again', async () => (await deployment.slotsInRedis()) === 2);
    await deployment.kill(0);
    await streams[0]?.ended;
    const rest = await attach(deployment.url(1), threadOf(streams[0] as Reading), lastId(streams[0] as Reading));
    await Promise.all([rest.ended, streams[1]?.ended]);
    expectWhole(57, 750, streams[0] as Reading, rest);
    expectWhole(58, 750, streams[1] as Reading);
    expect(await deployment.slots(1)).toBe(0);
    expect(await deployment.metric(1, 'weir_active_streams')).toBe(0);
    await until('Redis counts none', async () => (await deployment.slotsInRedis()) === 0);
    expect(deployment.errors()).toEqual([]);
  });

  it.concurrent('that has no memory left: streams say so and go on, and survive again when it has some', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    const streams = [await streaming(deployment, 0, 71, 200), await streaming(deployment, 1, 72, 200)];
    await deployment.redis.cli('config', 'set', 'maxmemory', '1');
    await until('they say so', () => streams.every((reading) => notices(reading).includes('not_resumable')));
    const during = await openThread(deployment.url(0), resumable(spoken(73, 20)));
    expect(await during.ended).toBe('ended');
    expectWhole(73, 20, during);
    expect(notices(during)).toContain('not_resumable');
    await deployment.redis.cli('config', 'set', 'maxmemory', '0');
    for (const [at, reading] of streams.entries()) {
      await reading.ended;
      expectWhole(71 + at, 200, reading);
    }
    await until('its log answers', async () => {
      const reading = await openThread(deployment.url(0), resumable(spoken(74, 1)));
      await reading.ended;
      return notices(reading).length === 0;
    });
    await survivesAgain(deployment, 75);
  });

  it.concurrent('that is used wrongly by us: an internal error, logged once, and no outage that it would be taken for', async () => {
    await using deployment = await Deployment.start({ instances: 1 });
    // As if a release had another idea of this key.
    await deployment.redis.cli('set', 'weir:thread:{wrong}', 'text');
    for (let tries = 0; tries < 2; tries += 1) {
      const opened = await openThread(deployment.url(0), resumable(spoken(81, 5)), { 'X-Thread-ID': 'wrong' });
      expect(opened.status).toBe(500);
      expect((await attach(deployment.url(0), 'wrong')).status).toBe(500);
    }
    expect(await deployment.slots(0)).toBe(0);
    await redisSays(deployment, 0, 'connected');
    await until('it is logged', () => deployment.errors().length > 0);
    const logged = deployment.at(0).lines.filter(({ event }) => event === 'The stream log failed');
    expect(logged).toEqual([expect.objectContaining({ reason: expect.stringContaining('WRONGTYPE') })]);
    const other = await openThread(deployment.url(0), resumable(spoken(82, 5)));
    await other.ended;
    expectWhole(82, 5, other);
  });

  it.concurrent('that forgets its scripts is given them again', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    const first = await streaming(deployment, 0, 59, 100);
    const { Redis } = await import('ioredis');
    const redis = new Redis({ path: deployment.redis.url.slice('unix://'.length) });
    await redis.script('FLUSH');
    redis.disconnect();
    await survivesAgain(deployment, 60);
    const rest = await attach(deployment.url(1), threadOf(first), lastId(first));
    await Promise.all([first.ended, rest.ended]);
    expectWhole(59, 100, first, rest);
  });

  it.concurrent('that refuses the password: health says it, and streams go on unlogged', async () => {
    await using deployment = await Deployment.start({ instances: 0 });
    const { Redis } = await import('ioredis');
    const redis = new Redis({ path: deployment.redis.url.slice('unix://'.length) });
    await redis.config('SET', 'requirepass', 'secret');
    const instance = await startInstance({ REDIS_URL: deployment.redis.url });
    try {
      const health = (await (await fetch(`${instance.url}/api/v1/health`)).json()) as Record<string, unknown>;
      expect(health).toMatchObject({ status: 'degraded', redis: 'disconnected' });
      const stream = await openThread(instance.url, resumable(spoken(61, 20)));
      await stream.ended;
      expect(notices(stream)).toContain('not_resumable');
      expectWhole(61, 20, stream);
      // The fix takes no restart.
      await redis.config('SET', 'requirepass', '');
      await until(
        'a stream is resumable again',
        async () => {
          const later = await openThread(instance.url, resumable(spoken(62, 1)));
          await later.ended;
          return !notices(later).includes('not_resumable');
        },
        20_000,
      );
    } finally {
      redis.disconnect();
      await instance.stop();
    }
  });

  it.concurrent('away, where that is to be strict: streams pause instead, new ones are refused, and all go on afterwards', async () => {
    await using deployment = await Deployment.start({ instances: 2, env: { REDIS_FAILURE: 'strict' } });
    const stream = await streaming(deployment, 0, 63, 200);
    deployment.redis.process.kill('SIGSTOP');
    const refused = await openThread(deployment.url(0), resumable(spoken(64, 1)));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    // Of another instance's stream nothing can be found out.
    for (const method of ['GET', 'DELETE']) {
      const answer = await fetch(`${deployment.url(1)}/api/v1/stream/${threadOf(stream)}`, { method });
      expect([method, answer.status]).toEqual([method, 503]);
      expect(await answer.json()).toMatchObject({ error: 'service_unavailable', details: { reason: 'redis' } });
    }
    const paused = chunks(stream).length;
    await redisSays(deployment, 0, 'disconnected');
    expect(chunks(stream).length - paused).toBeLessThan(20);
    deployment.redis.process.kill('SIGCONT');
    await stream.ended;
    expectWhole(63, 200, stream);
    expect(notices(stream)).toEqual([]);
  });
});
