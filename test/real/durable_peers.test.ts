import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { freePort } from '../support/free_port.ts';
import { startInstance } from '../support/instance.ts';
import {
  attach,
  cancelAt,
  chunks,
  contentOf,
  only,
  openThread,
  resumable,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

/** Instance 0 has no peer listener, 1 one on a port, and 2 on a socket. */
let deployment: Deployment;
beforeAll(async () => {
  const port = String(await freePort());
  deployment = await Deployment.start({
    instances: 3,
    env: { PEER_SECRET: 'a secret' },
    envOf: (at) => [{ PEER_SOCKET: '' }, { PEER_SOCKET: '', PEER_PORT: port }, {}][at] ?? {},
  });
});
afterAll(() => deployment.close());

const takeovers = () => deployment.instances.flatMap(({ lines }) => lines.filter(({ stage }) => stage === '5.3'));

it('an instance without a peer listener says so at its start, one that has one does not', () => {
  const said = deployment.instances.map(({ lines }) => lines.filter(({ event }) => /peer listener/.test(event)).length);
  expect(said).toEqual([1, 0, 0]);
});

it('a living owner without a peer listener keeps its stream when a client asks elsewhere', async () => {
  const spoken = { seed: 71, tokens: 100, tokens_per_second: 50 };
  const owner = await openThread(deployment.url(0), resumable(spoken));
  const others = await Promise.all([1, 2].map((at) => attach(deployment.url(at), threadOf(owner))));
  await Promise.all([owner, ...others].map(({ ended }) => ended));
  expect(contentOf(owner)).toBe(textOf(spoken));
  for (const other of others) expect(contentOf(other)).toBe(textOf(spoken));
  expect(only(owner, 'complete')).toMatchObject({ chunk_count: 100 });
  expect(takeovers()).toEqual([]);
});

it('a cancel elsewhere does not take a living owner’s stream away either', async () => {
  const spoken = { seed: 72, tokens: 250, tokens_per_second: 50 };
  const owner = await openThread(deployment.url(0), resumable(spoken));
  expect((await cancelAt(deployment.url(1), threadOf(owner))).status).toBe(503);
  await owner.ended;
  expect(contentOf(owner)).toBe(textOf(spoken));
  expect(takeovers()).toEqual([]);
});

it.each([
  [1, 2],
  [2, 1],
])('the stream of instance %i is read through %i while it runs', async (at, other) => {
  const spoken = { seed: 73, tokens: 100, tokens_per_second: 50 };
  const owner = await openThread(deployment.url(at), resumable(spoken));
  const reader = await attach(deployment.url(other), threadOf(owner));
  await until('it is read', () => chunks(reader).length > 0);
  expect(chunks(owner).length).toBeLessThan(100);
  await reader.ended;
  expect(contentOf(reader)).toBe(textOf(spoken));
  expect(takeovers()).toEqual([]);
});

it('a peer listener on a port without a secret does not start, and says what to do', async () => {
  const started = startInstance({ REDIS_URL: deployment.redis.url, PEER_PORT: String(await freePort()) });
  await expect(started).rejects.toThrow(/exit 2: .*PEER_SECRET: PEER_PORT is open to a network/s);
});
