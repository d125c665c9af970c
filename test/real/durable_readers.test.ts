import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { rawConnection } from '../support/raw_http.ts';
import {
  attach,
  cancelAt,
  chunks,
  contentOf,
  lastId,
  openThread,
  resumable,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start({ instances: 2, env: { TRUSTED_PROXIES: '' } });
});
afterAll(() => deployment.close());

describe('many readers of one stream', () => {
  it('all have all of it, up to ten of one user on an instance', async () => {
    // Until it is cancelled.
    const spoken = { seed: 21, tokens: 10_000, tokens_per_second: 100 };
    const first = await openThread(deployment.url(0), resumable(spoken));
    const ten = (at: number) => Array.from({ length: 10 }, () => attach(deployment.url(at), threadOf(first)));
    const readers = await Promise.all([...ten(0), ...ten(1)]);
    expect(readers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    for (const at of [0, 1]) {
      const refused = await attach(deployment.url(at), threadOf(first));
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('2');
    }
    await cancelAt(deployment.url(1), threadOf(first));
    await Promise.all([first, ...readers].map((reader) => reader.ended));
    for (const reader of readers) expect(reader.events).toEqual(first.events);
    expect(chunks(first)).not.toEqual([]);
    expect(textOf(spoken).startsWith(contentOf(first))).toBe(true);
    const again = await attach(deployment.url(0), threadOf(first));
    expect(again.status).toBe(200);
    await again.ended;
  });

  it('are counted apart from streams: thirty of one user run, where the limit lets them', async () => {
    // Until they are cancelled.
    const spoken = { seed: 22, tokens: 10_000, tokens_per_second: 30 };
    const key = (at: number) => ({ 'Idempotency-Key': `stream-${at}` });
    const streams = await Promise.all(
      Array.from({ length: 30 }, (_, at) => openThread(deployment.url(0), resumable(spoken), key(at))),
    );
    expect(streams.map(({ status }) => status)).toEqual(Array(30).fill(200));
    expect(await deployment.slots(0)).toBe(30);
    await Promise.all(streams.map((reader) => cancelAt(deployment.url(0), threadOf(reader))));
    await Promise.all(streams.map((reader) => reader.ended));
    for (const reader of streams) expect(textOf(spoken).startsWith(contentOf(reader))).toBe(true);
  });
});

describe('a reader that does not read', () => {
  it('holds back neither the provider nor the other readers, and can come back for the rest', async () => {
    // Some twelve megabytes of frames: more than the sockets on the way take.
    const spoken = { seed: 23, tokens: 90_000, tokens_per_second: 0 };
    const request = 'GET /api/v1/stream/stuck HTTP/1.1\r\nHost: x\r\n\r\n';
    const first = await openThread(deployment.url(0), resumable(spoken), { 'X-Thread-ID': 'stuck' });
    const stuck = rawConnection(deployment.at(0).port, request, false);
    expect(await first.ended).toBe('ended');
    expect(contentOf(first) === textOf(spoken)).toBe(true);
    await until('the slot is free', async () => (await deployment.slots(0)) === 0);
    expect(stuck.socket.destroyed).toBe(false);
    stuck.socket.destroy();
    const at = `1.${chunks(first).length - 5}`;
    const rest = await attach(deployment.url(0), 'stuck', at);
    await rest.ended;
    expect(rest.events).toEqual(first.events.slice(-7));
    expect(lastId(rest)).toBe('1.90001');
  });
});
