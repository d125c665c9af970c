import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream } from 'weir-client';
import { nodeTransport } from '../../src/load/node/node_transport.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { resumable, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let stack: StackFixture;
beforeAll(async () => {
  stack = await newStack();
  await stack.start(['--instances', '2', '--max-per-user', '100']);
});
afterAll(() => stack.destroy());

const spoken = (seed: number) => ({ seed, tokens: 150, tokens_per_second: 40 });
const workersOf = (master: number) =>
  readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').map(Number);

/** Forty streams of the client library through NGINX, half of them over each HTTP version; `fault` strikes in mid-stream. */
async function through(fault: () => Promise<void>) {
  const transports = [true, false].map((http1) => nodeTransport(stack.url, { ca: stack.ca, http1 }));
  const ripe = new Set<number>();
  const streams = Array.from({ length: 40 }, (_, seed) =>
    openStream(resumable(spoken(seed)), {
      baseUrl: stack.api,
      transport: transports[seed % 2]!.send,
      onEvent: (event) => void (event.type === 'chunk' && event.data.chunk_index === 30 && ripe.add(seed)),
    }),
  );
  await until('all are in mid-stream', () => ripe.size === streams.length);
  await fault();
  const results = await Promise.all(streams);
  for (const transport of transports) transport.close();
  expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'complete'));
  results.forEach(({ text }, seed) => {
    expect(text).toBe(textOf(spoken(seed)));
  });
  return results;
}

describe('resumable streams behind NGINX', () => {
  it('go on when one of its workers is killed: those that it carried, over new connections', async () => {
    const master = await stack.pid('nginx');
    const results = await through(async () => {
      // One may have taken all connections.
      const carried = (worker: number) => readdirSync(`/proc/${worker}/fd`).length;
      const [busiest] = workersOf(master).toSorted((a, b) => carried(b) - carried(a));
      process.kill(busiest!, 'SIGKILL');
    });
    expect(results.some(({ reconnects }) => reconnects.length > 0)).toBe(true);
    expect(results.every(({ epoch }) => epoch === 1)).toBe(true);
  });

  it('go on when it dies as a whole, and is back', async () => {
    const master = await stack.pid('nginx');
    const results = await through(async () => {
      for (const pid of [master, ...workersOf(master)]) process.kill(pid, 'SIGKILL');
    });
    expect(results.every(({ reconnects }) => reconnects.length > 0)).toBe(true);
    expect(results.every(({ epoch }) => epoch === 1)).toBe(true);
  });

  it('go on when all instances die, once they are back', async () => {
    const pids = await Promise.all(['app-1', 'app-2'].map((name) => stack.pid(name)));
    const results = await through(async () => {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    });
    expect(results.every(({ epoch }) => epoch > 1)).toBe(true);
  });
});
