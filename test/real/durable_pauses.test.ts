import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openStream } from 'weir-client';
import { Deployment } from '../support/deployment.ts';
import { startMockOpenai } from '../support/mock_openai.ts';
import {
  attach,
  chunks,
  contentOf,
  lastId,
  only,
  openThread,
  type Reading,
  resumable,
  sequence,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

const spoken = (seed: number, tokens: number) => ({ seed, tokens, tokens_per_second: 50 });
const range = (to: number) => Array.from({ length: to + 1 }, (_, at) => at);
const takeovers = async (deployment: Deployment) => {
  const counts = deployment.instances.map((_, at) => deployment.metric(at, 'weir_takeovers_total'));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
};

/**
 * Stops all of them for 50 ms, three times a second. A process of its own does it: this one reads all streams, may be late
 * on a busy machine, and would stop them for as long.
 */
function pausing(processes: ChildProcess[]): AsyncDisposable {
  const loop = 'while kill -STOP "$@"; do sleep 0.05; kill -CONT "$@"; sleep 0.3; done';
  const shell = spawn('sh', ['-c', loop, 'sh', ...processes.map(({ pid }) => String(pid))]);
  return {
    async [Symbol.asyncDispose]() {
      shell.kill('SIGKILL');
      await once(shell, 'exit');
      for (const process of processes) process.kill('SIGCONT');
    },
  };
}

describe('an instance that is frozen', () => {
  it.concurrent('for three seconds only pauses: its streams go on where they were, for those who waited and those who left', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    const patient = await openThread(deployment.url(0), resumable(spoken(71, 300)));
    const hasty = await openThread(deployment.url(0), resumable(spoken(72, 300)));
    await until('both stream', () => chunks(patient).length > 20 && chunks(hasty).length > 20);
    const victim = deployment.at(0).process;
    victim.kill('SIGSTOP');
    hasty.leave();
    await hasty.ended;
    // The other instance waits for an answer, or for the lease, and must not take what is alive.
    const elsewhere = attach(deployment.url(1), threadOf(hasty), lastId(hasty));
    await sleep(3_000);
    victim.kill('SIGCONT');
    const rest = await elsewhere;
    await Promise.all([patient.ended, rest.ended]);
    expect(sequence(patient)).toEqual(range(301));
    expect(contentOf(patient)).toBe(textOf(spoken(71, 300)));
    expect(contentOf(hasty, rest)).toBe(textOf(spoken(72, 300)));
    expect(await takeovers(deployment)).toBe(0);
    expect(deployment.errors()).toEqual([]);
  });

  it.concurrent('beyond its lease is succeeded; woken, it says nothing more, ends its calls, and serves as a new incarnation', async () => {
    await using provider = await startMockOpenai();
    await using deployment = await Deployment.start({
      instances: 2,
      env: { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'test' },
    });
    const stays: Reading = await openThread(deployment.url(0), resumable(spoken(73, 450)));
    const leaves = await openThread(deployment.url(0), resumable(spoken(74, 300)));
    const body = { query: 'q', model: 'mock-10000x50', provider: 'openai', resumable: true };
    const called = await openThread(deployment.url(0), body);
    await until('all stream', () => [stays, leaves, called].every((reading) => chunks(reading).length > 20));
    expect(provider.open).toBe(1);
    const victim = deployment.at(0);
    victim.process.kill('SIGSTOP');
    const had = chunks(stays).length;
    leaves.leave();
    await leaves.ended;
    // This one waits for the lease, and then has the rest from the successor.
    const rest = await attach(deployment.url(1), threadOf(leaves), lastId(leaves));
    expect(rest.status).toBe(200);
    const others = await attach(deployment.url(1), threadOf(stays));
    const lost = await attach(deployment.url(1), threadOf(called));
    await lost.ended;
    expect(only(lost, 'error')).toMatchObject({ error: 'producer_lost' });
    await rest.ended;
    expect(contentOf(leaves, rest)).toBe(textOf(spoken(74, 300)));
    expect(sequence(leaves, rest)).toEqual(range(301));

    victim.process.kill('SIGCONT');
    expect(await stays.ended).toBe('broken');
    // Whatever lay in the log when it was closed may still come, and nothing else; the successor says the same.
    await others.ended;
    const saidTwice = stays.events.filter(({ event }) => event === 'chunk').slice(had);
    for (const { id } of saidTwice) expect(id).toMatch(/^1\./);
    const after = await attach(deployment.url(0), threadOf(stays), lastId(stays));
    await after.ended;
    expect(contentOf(stays, after)).toBe(textOf(spoken(73, 450)));
    expect(sequence(stays, after)).toEqual(range(451));
    await until('the call of the stream that it lost is ended', () => provider.open === 0);
    await until('it is a new incarnation', () => victim.lines.some(({ event }) => event === 'New boot'));
    const fresh = await openThread(deployment.url(0), resumable(spoken(75, 20)));
    await fresh.ended;
    expect(contentOf(fresh)).toBe(textOf(spoken(75, 20)));
    await until('no slot is taken', async () => (await deployment.slots(0)) + (await deployment.slots(1)) === 0);
    expect(deployment.errors()).toEqual([]);
  });
});

/** The long form of the tests has more. */
const STREAMS = process.env.WEIR_TEST_LONG === '1' ? 500 : 150;

describe('instances that are only busy', () => {
  it('are never succeeded: hundreds of streams, and pauses of 50 ms in each process', async () => {
    await using deployment = await Deployment.start({ instances: 2 });
    // The library opens again where a busy instance refuses, and holds numbers and text against the end's.
    const streams = Array.from({ length: STREAMS }, (_, seed) =>
      openStream(resumable({ seed, tokens: 40, tokens_per_second: 8 }), {
        baseUrl: `${deployment.url(seed % 2)}/api/v1`,
      }),
    );
    await using _ = pausing(deployment.instances.map(({ process }) => process));
    for (const [seed, result] of (await Promise.all(streams)).entries()) {
      expect(result).toMatchObject({ outcome: 'complete', text: textOf({ seed, tokens: 40 }) });
    }
    expect(await takeovers(deployment)).toBe(0);
    expect(deployment.errors()).toEqual([]);
  });
});
