import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream, type StreamResult } from 'weir-client';
import { Deployment } from '../support/deployment.ts';
import { startRedisCluster, type TestRedisCluster } from '../support/redis_cluster.ts';
import { resumable, type Spoken, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

/** The long form of the tests has more. */
const MANY = process.env.WEIR_TEST_LONG === '1' ? 200 : 50;

let cluster: TestRedisCluster;
let deployment: Deployment;
beforeAll(async () => {
  cluster = await startRedisCluster();
  const env = { REDIS_URL: cluster.url, POOL_SCOPE: 'cluster', MAX_CONNECTIONS_PER_USER: '1000' };
  deployment = await Deployment.start({ instances: 2, env });
});
afterAll(async () => {
  await deployment.close();
  await cluster.close();
});

/** Starts that many streams, and resolves when each has said something. */
async function start(count: number, spoken: Spoken) {
  const underWay = new Set<number>();
  const results = Array.from({ length: count }, (_, at) =>
    openStream(resumable({ ...spoken, seed: at }), {
      baseUrl: 'http://weir/api/v1',
      transport: deployment.transport(),
      onEvent: ({ type }) => void (type === 'chunk' && underWay.add(at)),
    }),
  );
  await until('all streams are under way', () => underWay.size === count);
  return { results: Promise.all(results) };
}

function expectWhole(results: StreamResult[], spoken: Spoken): void {
  expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'complete'));
  results.forEach((result, seed) => {
    expect(result.text).toBe(textOf({ ...spoken, seed }));
  });
}

const slotsHeld = async () => (await Promise.all([0, 1].map((at) => deployment.slots(at)))).reduce((a, b) => a + b, 0);

describe('resumable streams on a Redis Cluster', () => {
  it('survive their instance: log and records lie in several slots, and no step crosses them', async () => {
    const spoken = { seed: 0, tokens: 120, tokens_per_second: 40 };
    const { results } = await start(20, spoken);
    await deployment.kill(0);
    const all = await results;
    expectWhole(all, spoken);
    expect(all.filter(({ reconnects }) => reconnects.length > 0).length).toBeGreaterThan(0);
    await deployment.boot(0);
    expect(deployment.at(1).lines.filter(({ reason }) => /CROSSSLOT/.test(String(reason)))).toEqual([]);
  });

  it('go on while slots are moved', async () => {
    const spoken = { seed: 0, tokens: 150, tokens_per_second: 20 };
    const { results } = await start(MANY, spoken);
    const [from, to] = cluster.nodes.filter(({ primary }) => primary);
    const ids = await Promise.all([from!, to!].map(({ port }) => cluster.cli(port, 'cluster', 'myid')));
    const move = ['--cluster-from', ids[0]!, '--cluster-to', ids[1]!, '--cluster-slots', '2000', '--cluster-yes'];
    await cluster.cli(from!.port, '--cluster', 'reshard', `127.0.0.1:${from!.port}`, ...move);
    expectWhole(await results, spoken);
    await until('all slots are free', async () => (await slotsHeld()) === 0);
  });

  it('go on while a primary dies, and new ones can be resumed after it', async () => {
    const spoken = { seed: 0, tokens: 150, tokens_per_second: 20 };
    const { results } = await start(MANY, spoken);
    await cluster.kill(cluster.nodes[2]!);
    await cluster.succeed(cluster.nodes[2]!);
    expectWhole(await results, spoken);
    await until('all slots are free', async () => (await slotsHeld()) === 0);

    const after = { seed: 0, tokens: 120, tokens_per_second: 40 };
    const { results: later } = await start(20, after);
    await deployment.kill(0);
    expectWhole(await later, after);
    await deployment.boot(0);
  });
});
