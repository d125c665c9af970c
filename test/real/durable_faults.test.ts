import { describe, expect, it } from 'vitest';
import { openStream } from '../../src/client/open_stream.ts';
import { Deployment } from '../support/deployment.ts';
import { resumable, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];
/** Long enough for a checkpoint, which comes with the second beat of two seconds. */
const spokenBy = (seed: number) => ({ seed, tokens: 150 + 10 * seed, tokens_per_second: 50 });

/**
 * Six streams over three instances, some of which die at the same kind of place; a supervisor starts each again.
 * Strict, so that the promise does not depend on how busy this machine is: a starved Redis pauses streams.
 */
async function survive(instances: Record<number, string>, restartMs: number, kill?: number): Promise<number> {
  const deployment = await Deployment.start({
    instances: 3,
    env: { REDIS_FAILURE: 'strict', CHECKPOINT_SECONDS: '1' },
    envOf: (at) => (instances[at] ? { FAULT_POINT: instances[at] } : {}),
  });
  try {
    deployment.supervise(restartMs);
    const transport = deployment.transport();
    const seen = new Map<number, number>();
    const streams = SEEDS.map((seed) =>
      openStream(resumable(spokenBy(seed)), {
        baseUrl: 'http://deployment/api/v1',
        transport,
        onEvent: () => seen.set(seed, (seen.get(seed) ?? 0) + 1),
      }),
    );
    const all = Promise.all(streams);
    if (kill !== undefined) {
      const underWay = () => SEEDS.every((seed) => (seen.get(seed) ?? 0) > 20);
      await Promise.race([all, until('all streams are under way', underWay, 20_000)]);
      await deployment.kill(kill);
    }
    for (const [at, result] of (await all).entries()) {
      const spoken = spokenBy(SEEDS[at] as number);
      expect(result.outcome, 'reason' in result ? result.reason : '').toBe('complete');
      expect(result.text).toBe(textOf(spoken));
      expect(result.chunks).toBe(spoken.tokens);
    }
    await until('every instance is back, and no slot is taken', async () => {
      const slots = await Promise.all([0, 1, 2].map((at) => deployment.slots(at).catch(() => 1)));
      return slots.every((count) => count === 0);
    });
    expect(deployment.errors()).toEqual([]);
    return deployment.deaths;
  } finally {
    await deployment.close();
  }
}

const HOW_MANY = [
  ['one instance', 1, 300],
  ['two instances', 2, 300],
  ['all instances, which are back after two seconds', 3, 2_000],
] as const;

describe.concurrent.each(HOW_MANY)('a death of %s', (_, count, restartMs) => {
  it.each([
    ['before a commit', 'before_commit', 9],
    ['after a commit', 'after_commit', 9],
    ['between the acknowledgement and the wire', 'before_wire', 9],
    ['inside the end of a stream', 'in_finish', 1],
    ['in a checkpoint', 'in_checkpoint', 1],
  ])('%s costs no client a token', async (_, name, nth) => {
    const faults = Object.fromEntries(Array.from({ length: count }, (_, at) => [at, `${name}@${nth + 5 * at}`]));
    if (nth === 1) for (const at of Object.keys(faults)) faults[Number(at)] = `${name}@1`;
    expect(await survive(faults, restartMs)).toBeGreaterThanOrEqual(count);
  });

  // Somebody must have died before, so that there is something to take over: the third one.
  it.each([
    ['after it sealed a dead log', 'after_seal'],
    ['after it adopted a stream', 'after_adopt'],
  ])('%s costs no client a token', async (_, name) => {
    const faults = Object.fromEntries(Array.from({ length: Math.min(count, 2) }, (_, at) => [at, `${name}@1`]));
    expect(await survive(faults, restartMs, 2)).toBeGreaterThanOrEqual(2);
  });
});
