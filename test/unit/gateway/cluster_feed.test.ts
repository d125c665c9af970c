import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { ClusterView } from '../../../src/formats/cluster/cluster_view.ts';
import { ClusterFeed } from '../../../src/gateway/cluster/cluster_feed.ts';

const VIEW = { instance: 'app-1', instances: [] } as unknown as ClusterView;

let end = () => {};
afterEach(() => end());

/** A watcher on a real connection: what it is sent, and what the response object has to say about that. */
async function watcher() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  end = () => void server.close().closeAllConnections();
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [, response] = await asked;
  const errors: Error[] = [];
  response.on('error', (error) => errors.push(error));
  response.writeHead(200).flushHeaders();
  return { response, errors, text: async () => (await answer).text() };
}

it('ends for good while a view is being made', async () => {
  const { response, errors, text } = await watcher();
  const view = Promise.withResolvers<ClusterView>();
  const feed = new ClusterFeed(() => view.promise);
  feed.add(response);
  feed.close();
  view.resolve(VIEW);
  expect(await text()).toBe('');
  expect(errors).toEqual([]);
});

it('sends clients away that come after its end', async () => {
  const { response, text } = await watcher();
  const feed = new ClusterFeed(async () => VIEW);
  feed.close();
  feed.add(response);
  expect(await text()).toBe('');
});

it('goes on after a view that could not be made', async () => {
  const { response, text } = await watcher();
  let looks = 0;
  const feed = new ClusterFeed(async () => {
    looks += 1;
    if (looks === 1) throw new Error('not now');
    if (looks === 3) feed.close();
    return VIEW;
  });
  feed.add(response);
  expect(await text()).toContain('event: cluster');
});
