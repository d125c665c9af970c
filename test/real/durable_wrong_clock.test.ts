import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import {
  attach,
  chunks,
  contentOf,
  lastId,
  only,
  openThread,
  resumable,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';
import { wrongClock } from '../support/wrong_clock.ts';

const HOUR_MS = 3_600_000;

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start({
    instances: 2,
    env: { POOL_SCOPE: 'cluster', MAX_CONNECTIONS_PER_USER: '3', REDIS_FAILURE: 'strict' },
    envOf: (at) => wrongClock(at === 0 ? -HOUR_MS : HOUR_MS),
  });
});
afterAll(() => deployment.close());

describe('instances whose clocks are an hour wrong, one behind and one ahead', () => {
  it('count a user’s streams together, and take no instance for dead', async () => {
    const [behind, ahead] = deployment.instances.map(({ lines }) => Date.parse(lines[0]?.timestamp as string));
    expect((ahead as number) - (behind as number)).toBeGreaterThan(1.5 * HOUR_MS);
    const spoken = (seed: number) => ({ seed, tokens: 250, tokens_per_second: 50 });
    const streams = await Promise.all(
      [0, 1, 0].map((at, seed) => openThread(deployment.url(at), resumable(spoken(seed)))),
    );
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const at of [0, 1]) expect((await openThread(deployment.url(at), resumable(spoken(9)))).status).toBe(429);
    await Promise.all(streams.map(({ ended }) => ended));
    for (const [seed, stream] of streams.entries()) expect(contentOf(stream)).toBe(textOf(spoken(seed)));
    expect(deployment.instances.flatMap(({ lines }) => lines).filter(({ stage }) => stage === '5.3')).toEqual([]);
  });

  it.each([
    ['behind', 0],
    ['ahead', 1],
  ])('have the rest of a stream whose owner, %s, was killed, and its true age', async (_, owner) => {
    const spoken = { seed: 10 + owner, tokens: 150, tokens_per_second: 50 };
    const first = await openThread(deployment.url(owner), resumable(spoken));
    await until('it streams', () => chunks(first).length > 20);
    await deployment.kill(owner);
    await first.ended;
    const rest = await attach(deployment.url(1 - owner), threadOf(first), lastId(first));
    await rest.ended;
    expect(contentOf(first, rest)).toBe(textOf(spoken));
    const { duration_ms } = only(rest, 'complete') as { duration_ms: number };
    expect(duration_ms).toBeGreaterThan(0);
    expect(duration_ms).toBeLessThan(HOUR_MS / 2);
    await deployment.boot(owner, wrongClock(owner === 0 ? -HOUR_MS : HOUR_MS));
  });
});
