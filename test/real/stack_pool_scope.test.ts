import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClusterView } from '../../src/formats/cluster/cluster_view.ts';
import { type MeetingPlace, startMeetingPlace } from '../support/meeting_streams.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { until } from '../support/until.ts';

let provider: MeetingPlace;
let stack: StackFixture;
beforeAll(async () => {
  provider = await startMeetingPlace();
  stack = await newStack({ OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'test' });
  await stack.start(['--instances', '2', '--pool-scope', 'cluster']);
});
afterAll(async () => {
  await stack.destroy();
  await provider.close();
});

it('--pool-scope cluster gives one user nine streams over two instances, and not six', async () => {
  const answers = await provider.meet(12, (request) => requestHttp1(stack.url, request));
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
  expect(refused).toHaveLength(3);
  expect(refused[0]?.text).toContain('"details":{"current":9,"max":9,"scope":"cluster"');
  const view = await until('the cluster is idle', async () => {
    const seen = JSON.parse((await requestHttp1(stack.url, { path: '/api/v1/cluster' })).text) as ClusterView;
    return seen.totals.active_streams === 0 ? seen : undefined;
  });
  expect(view.totals).toMatchObject({ instances: 2, max_connections: 10_000 });
  expect(view.instances[0]?.pool).toMatchObject({ scope: 'cluster', max_connections_per_user: 9 });
});
