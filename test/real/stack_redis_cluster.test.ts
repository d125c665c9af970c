import { describe, expect, it } from 'vitest';
import type { ClusterView } from '../../src/formats/cluster/cluster_view.ts';
import { redisFacts } from '../../src/stack/redis/redis_facts.ts';
import { isAlive } from '../../src/stack/supervisor/process_identity.ts';
import type { ServiceStatus } from '../../src/stack/supervisor/service_spec.ts';
import { listens } from '../support/listens.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { until } from '../support/until.ts';

const nodes = async (stack: StackFixture): Promise<ServiceStatus[]> =>
  (await stack.services()).filter(({ name }) => name.startsWith('redis'));

describe('--redis cluster', () => {
  it('starts six nodes as one cluster, which outlives the death of a primary, and stops them all', async () => {
    await using stack = await newStack();
    const { code, stderr } = await stack.weir(['start', '--redis', 'cluster', ...stack.portFlags]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('three primaries and three replicas')]);
    const six = await nodes(stack);
    expect(six.map(({ name, healthy }) => [name, healthy])).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => [`redis-${number}`, true]),
    );
    const facts = await Promise.all(six.map(({ address }) => redisFacts(address)));
    expect(facts.map(({ role, clusterState, evictionPolicy }) => [role, clusterState, evictionPolicy])).toEqual(
      ['master', 'master', 'master', 'slave', 'slave', 'slave'].map((role) => [role, 'ok', 'noeviction']),
    );
    const doctor = await stack.weir(['doctor']);
    expect(doctor.stdout).toMatch(/ok +redis_server .* 6 of 6 hosts of the Redis Cluster answer, state ok/);

    const [primary, , , replica] = six as [ServiceStatus, ServiceStatus, ServiceStatus, ServiceStatus];
    process.kill(primary.pid!, 'SIGKILL');
    const role = async ({ address }: ServiceStatus) => (await redisFacts(address).catch(() => undefined))?.role;
    await until('its replica took over', async () => (await role(replica)) === 'master');
    await until('it is back, as a replica', async () => (await role(primary)) === 'slave');
    await until('all is well', async () => (await redisFacts(replica.address)).clusterState === 'ok');

    const pids = (await nodes(stack)).map(({ pid }) => pid!);
    expect((await stack.weir(['stop'])).code).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    for (const { address } of six) expect(await listens(Number(new URL(address).port))).toBe(false);
  });

  // Needs instances to whom a REDIS_URL with several hosts means a cluster.
  it('serves instances that are connected, one that is added later too, and hands usage on to the next cluster', async () => {
    await using stack = await newStack();
    await stack.start(['--redis', 'cluster', '--instances', '2']);
    expect((await stack.weir(['scale', '3'])).code).toBe(0);
    const views = Array.from({ length: 3 }, () => requestHttp1(stack.url, { path: '/api/v1/health' }));
    for (const { text } of await Promise.all(views)) expect(JSON.parse(text)).toMatchObject({ redis: 'connected' });
    await until('they know of each other', async () => {
      const { text } = await requestHttp1(stack.url, { path: '/api/v1/cluster' });
      return (JSON.parse(text) as ClusterView).instances.length === 3;
    });

    const fake = { tokens: 3, tokens_per_second: 0, ttft_ms: 0 };
    const body = { query: 'hi', model: 'demo', provider: 'fake', fake };
    expect((await requestHttp1(stack.url, { path: '/api/v1/stream', body })).text).toContain('[DONE]');
    const rows = async () => (JSON.parse((await stack.weir(['usage', '--json'])).stdout) as { rows: unknown[] }).rows;
    const before = await until('it is written', async () => ((await rows()).length > 0 ? rows() : undefined));
    expect(before).toMatchObject([{ key: 'anonymous', provider: 'fake', model: 'demo', ok: 1, output_tokens: 3 }]);
    expect((await stack.weir(['stop'])).code).toBe(0);
    await stack.start();
    expect(await rows()).toEqual(before);
  });
});
