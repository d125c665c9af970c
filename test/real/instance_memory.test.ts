import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Instance, startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { REPORTS_REMAINS, remainsOf } from '../support/remains_of.ts';
import { until } from '../support/until.ts';

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance({ MAX_CONNECTIONS_PER_USER: '1000', NODE_OPTIONS: REPORTS_REMAINS });
});
afterAll(() => instance.stop());

const PIECE = 'event: chunk';
const fake = { tokens_per_second: 1, ttft_ms: 0 };

it('an open stream does not hold its prompt', async () => {
  const length = 400_000;
  const prompt = [{ role: 'user', content: 'x'.repeat(length) }];
  const open = (messages: object[], count: number) => {
    const post = streamPost({ messages, model: 'demo', fake });
    return Array.from({ length: count }, () => rawConnection(instance.port, post));
  };
  const warm = open(prompt, 1);
  await until('a first stream', () => warm[0]?.received().includes(PIECE));
  const before = await remainsOf(instance);
  const clients = open(prompt, 50);
  await until('all are answered', () => clients.every((client) => client.received().includes(PIECE)));
  const after = await remainsOf(instance);
  const more = after.heap + after.external - before.heap - before.external;
  expect(more / clients.length).toBeLessThan(length / 4);
  for (const { socket } of [...warm, ...clients]) socket.destroy();
});

it('an instance collects its memory when hundreds of streams have left, and serves on', async () => {
  const post = streamPost({ query: 'hi', model: 'demo', fake });
  const clients = Array.from({ length: 600 }, () => rawConnection(instance.port, post));
  await until('all have their first piece', () => clients.every((client) => client.received().includes(PIECE)));
  const collected = () => instance.lines.find(({ event }) => event === 'Memory collected, as all streams have ended');
  // The instance looks once a second.
  await until('it has seen them', () => clients.every((client) => client.received().includes('"chunk_index":3')));
  expect(collected()).toBeUndefined();
  for (const { socket } of clients) socket.destroy();
  const { streams } = await until('the collection', collected);
  expect(streams).toBeGreaterThanOrEqual(600);
  const after = rawConnection(
    instance.port,
    streamPost({ query: 'hi', model: 'demo', fake: { tokens: 3, ttft_ms: 0 } }),
  );
  await until('a stream after it', () => after.received().includes('[DONE]'));
  after.socket.destroy();
});
