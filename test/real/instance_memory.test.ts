import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Instance, startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance({ MAX_CONNECTIONS_PER_USER: '1000' });
});
afterAll(() => instance.stop());

it('an instance collects its memory when hundreds of streams have left, and serves on', async () => {
  const fake = { tokens_per_second: 1, ttft_ms: 0 };
  const post = streamPost({ query: 'hi', model: 'demo', fake });
  const clients = Array.from({ length: 600 }, () => rawConnection(instance.port, post));
  await until('all have their first piece', () =>
    clients.every((client) => client.received().includes('event: chunk')),
  );
  const collected = () => instance.lines.find(({ event }) => event === 'Memory collected, as all streams have ended');
  // The instance looks once a second.
  await until('it has seen them', () => clients.every((client) => client.received().includes('"chunk_index":3')));
  expect(collected()).toBeUndefined();
  for (const { socket } of clients) socket.destroy();
  const { streams } = await until('the collection', collected);
  expect(streams).toBe(600);
  const after = rawConnection(
    instance.port,
    streamPost({ query: 'hi', model: 'demo', fake: { tokens: 3, ttft_ms: 0 } }),
  );
  await until('a stream after it', () => after.received().includes('[DONE]'));
  after.socket.destroy();
});
