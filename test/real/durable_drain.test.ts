import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream } from 'weir-client';
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

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start({ instances: 2, env: { DRAIN_SECONDS: '1', REDIS_FAILURE: 'strict' } });
});
afterAll(() => deployment.close());

describe('an instance that gets SIGTERM while streams run past its deadline', () => {
  it('hands the resumable ones over, of which nothing is lost, and ends the plain ones with a reason', async () => {
    const spoken = (seed: number) => ({ seed, tokens: 250, tokens_per_second: 50 });
    const seeds = [41, 42, 43, 44];
    const transport = deployment.transport();
    // One follows by hand, and one has no reader when the instance leaves.
    const followed = await openThread(deployment.url(0), resumable(spoken(40)));
    const alone = await openThread(deployment.url(0), resumable(spoken(45)));
    const plain = await openThread(deployment.url(0), { ...resumable(spoken(46)), resumable: false });
    const streams = seeds.map((seed) =>
      openStream(resumable(spoken(seed)), { baseUrl: 'http://deployment/api/v1', transport }),
    );
    await until('it streams', () => [followed, alone, plain].every((reading) => chunks(reading).length > 5));
    alone.leave();
    const leaving = deployment.at(0);
    leaving.process.kill('SIGTERM');
    expect(await leaving.exited).toBe(0);

    expect(await followed.ended).toBe('broken');
    const rest = await attach(deployment.url(1), threadOf(followed), lastId(followed));
    await rest.ended;
    expect(contentOf(followed, rest)).toBe(textOf(spoken(40)));
    for (const [at, result] of (await Promise.all(streams)).entries()) {
      expect(result).toMatchObject({ outcome: 'complete', text: textOf(spoken(seeds[at] as number)) });
    }
    expect(await plain.ended).toBe('ended');
    expect(only(plain, 'error')).toMatchObject({ error: 'draining', retryable: true });

    // No client asked for it: an instance that looks after the dead has taken it, and it ends by itself.
    await until('it was taken over', () =>
      deployment.at(1).lines.some((line) => line.stage === '5.3' && line.thread_id === threadOf(alone)),
    );
    const late = await attach(deployment.url(1), threadOf(alone));
    await late.ended;
    expect(contentOf(late)).toBe(textOf(spoken(45)));
    expect(leaving.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await deployment.boot(0);
  });
});
