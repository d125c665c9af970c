import { describe, expect, it } from 'vitest';
import { openStream } from '../../src/client/open_stream.ts';
import { Deployment } from '../support/deployment.ts';
import { resumable, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

const SEEDS = [1, 2, 3, 4];

interface Scene {
  instances: number;
  /** The first so many die at their fault point. */
  faults: string[];
  restartMs: number;
  /** That many tokens, at 50 a second. */
  tokens: number;
  /** This one is killed when all streams are under way. */
  victim?: number;
}

/**
 * Streams over some instances that die at the same kind of place; a supervisor starts each again. Strict, so that the
 * promise does not depend on how busy this machine is: a starved Redis pauses the streams. Gives the number of deaths.
 */
async function survive({ instances, faults, restartMs, tokens, victim }: Scene): Promise<number> {
  const deployment = await Deployment.start({
    instances,
    env: { REDIS_FAILURE: 'strict', CHECKPOINT_SECONDS: '1' },
    envOf: (at) => (faults[at] ? { FAULT_POINT: faults[at] } : {}),
  });
  try {
    deployment.supervise(restartMs);
    const transport = deployment.transport();
    const seen = new Map<number, number>();
    const streams = SEEDS.map((seed) =>
      openStream(resumable({ seed, tokens, tokens_per_second: 50 }), {
        baseUrl: 'http://deployment/api/v1',
        transport,
        onEvent: () => seen.set(seed, (seen.get(seed) ?? 0) + 1),
      }),
    );
    const all = Promise.all(streams);
    if (victim !== undefined) {
      const underWay = () => SEEDS.every((seed) => (seen.get(seed) ?? 0) > 20);
      await Promise.race([all, until('all streams are under way', underWay, 20_000)]);
      await deployment.kill(victim);
    }
    for (const [at, result] of (await all).entries()) {
      expect(result.outcome, 'reason' in result ? result.reason : '').toBe('complete');
      expect(result.text).toBe(textOf({ seed: SEEDS[at] as number, tokens }));
      expect(result.chunks).toBe(tokens);
    }
    await until(
      'every instance is back, and no slot is taken',
      async () => {
        const slots = deployment.instances.map((_, at) => deployment.slots(at).catch(() => 1));
        return (await Promise.all(slots)).every((count) => count === 0);
      },
      20_000,
    );
    expect(deployment.errors()).toEqual([]);
    return deployment.deaths;
  } finally {
    await deployment.close();
  }
}

/** One of two, two of three, and all, which are back after two seconds. */
const DEATHS = [
  { count: 1, instances: 2, restartMs: 300 },
  { count: 2, instances: 3, restartMs: 300 },
  { count: 2, instances: 2, restartMs: 2_000 },
];

describe('the death of one, of two or of all instances', () => {
  it.each([
    ['before a commit', 'before_commit@9', 110],
    ['after a commit', 'after_commit@9', 110],
    ['between acknowledgement and wire', 'before_wire@9', 110],
    ['inside the end of a stream', 'in_finish@1', 110],
    // It comes with a beat, every two seconds.
    ['in a checkpoint', 'in_checkpoint@1', 250],
  ])(
    '%s costs no client a token',
    async (_, fault, tokens) => {
      const scenes = DEATHS.map(({ count, instances, restartMs }) =>
        survive({ instances, faults: Array<string>(count).fill(fault), restartMs, tokens }),
      );
      for (const [at, deaths] of (await Promise.all(scenes)).entries()) {
        expect(deaths).toBeGreaterThanOrEqual(DEATHS[at]?.count ?? 0);
      }
    },
    120_000,
  );

  // Another one must have died before, so that there is something to take over.
  it.each([
    ['after it sealed a dead log', 'after_seal@1'],
    ['after it adopted a stream', 'after_adopt@1'],
  ])(
    '%s costs no client a token',
    async (_, fault) => {
      const scenes = DEATHS.map(({ instances, restartMs }) => {
        const victim = instances - 1;
        return survive({ instances, faults: Array<string>(victim).fill(fault), restartMs, tokens: 110, victim });
      });
      for (const deaths of await Promise.all(scenes)) expect(deaths).toBeGreaterThanOrEqual(2);
    },
    120_000,
  );
});
