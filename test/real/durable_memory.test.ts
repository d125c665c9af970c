import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, startInstance } from '../support/instance.ts';
import {
  attach,
  cancelAt,
  chunks,
  contentOf,
  lastId,
  notices,
  only,
  openThread,
  resumable,
  sequence,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance({ RESUME_GRACE_SECONDS: '1', MAX_CONNECTIONS_PER_USER: '10' });
});
afterAll(() => instance.stop());

describe('without Redis, a resumable stream', () => {
  const spoken = { seed: 31, tokens: 80, tokens_per_second: 100 };

  it('says that it survives its connection only, and does: live, and after its end', async () => {
    const first = await openThread(instance.url, resumable(spoken));
    await until('twenty tokens', () => chunks(first).length >= 20);
    first.leave();
    await first.ended;
    expect(notices(first)).toEqual(['single_instance']);
    const second = await attach(instance.url, threadOf(first), lastId(first));
    await second.ended;
    expect(contentOf(first, second)).toBe(textOf(spoken));
    expect(sequence(first, second)).toEqual(Array.from({ length: 82 }, (_, at) => at));
    const replay = await attach(instance.url, threadOf(first));
    await replay.ended;
    expect(contentOf(replay)).toBe(textOf(spoken));
    expect((await attach(instance.url, threadOf(first), lastId(second))).status).toBe(204);
  });

  it('is generated once for one Idempotency-Key, and its id is used once', async () => {
    const named = { 'X-Thread-ID': 'mine', 'Idempotency-Key': 'once' };
    const twenty = Array.from({ length: 10 }, () => openThread(instance.url, resumable(spoken), named));
    const readers = await Promise.all(twenty);
    await Promise.all(readers.map((reader) => reader.ended));
    for (const reader of readers) expect(reader.events).toEqual(readers[0]?.events);
    expect(contentOf(...readers.slice(0, 1))).toBe(textOf(spoken));
    expect((await openThread(instance.url, resumable(spoken), { 'X-Thread-ID': 'mine' })).status).toBe(409);
  });

  it('can be cancelled, and ends itself when no reader comes back', async () => {
    const long = resumable({ seed: 1, tokens: 10_000, tokens_per_second: 50 });
    const [one, two] = [await openThread(instance.url, long), await openThread(instance.url, long)];
    expect((await cancelAt(instance.url, threadOf(one))).status).toBe(202);
    await one.ended;
    expect(only(one, 'error')).toMatchObject({ error: 'cancelled' });
    two.leave();
    await until('the other one is over too', async () => {
      const health = await (await fetch(`${instance.url}/api/v1/health`)).json();
      return (health as { pool: { total_connections: number } }).pool.total_connections === 0;
    });
  });
});
