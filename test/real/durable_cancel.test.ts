import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import {
  attach,
  cancelAt,
  chunks,
  only,
  openThread,
  type Reading,
  resumable,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

const GRACE_SECONDS = 2;

let provider: MockOpenai;
let deployment: Deployment;
beforeAll(async () => {
  provider = await startMockOpenai();
  deployment = await Deployment.start({
    instances: 2,
    env: {
      OPENAI_BASE_URL: provider.url,
      OPENAI_API_KEY: 'test',
      RESUME_GRACE_SECONDS: String(GRACE_SECONDS),
      MAX_CONNECTIONS_PER_USER: '3',
    },
  });
});
afterAll(async () => {
  await deployment.close();
  await provider.close();
});

const slow = { query: 'q', model: 'mock-10000x50', provider: 'openai', resumable: true };
const open = async (headers: Record<string, string> = {}): Promise<Reading> => {
  const reading = await openThread(deployment.url(0), slow, headers);
  expect(reading.status).toBe(200);
  await until('it streams', () => chunks(reading).length > 3);
  return reading;
};
const quiet = async () => {
  await until('the provider sees every call closed', () => provider.open === 0);
  await until('every slot is free', async () => (await deployment.slots(0)) + (await deployment.slots(1)) === 0);
};
beforeEach(quiet);

describe('DELETE', () => {
  it.each([
    ['the instance that produces the stream', 0],
    ['another one', 1],
  ])('on %s ends it everywhere: the call, the slot, and one terminal error for each reader', async (_, at) => {
    const first = await open();
    const readers = [
      first,
      await attach(deployment.url(0), threadOf(first)),
      await attach(deployment.url(1), threadOf(first)),
    ];
    const answer = await cancelAt(deployment.url(at), threadOf(first));
    expect(answer.status).toBe(202);
    await quiet();
    for (const reader of readers) {
      expect(await reader.ended).toBe('ended');
      expect(only(reader, 'error')).toMatchObject({ error: 'cancelled', retryable: false });
      expect(reader.events.at(-1)).toEqual(first.events.at(-1));
    }
    // It is over, and stays so: a second time changes nothing.
    expect((await cancelAt(deployment.url(at), threadOf(first))).status).toBe(202);
    const replay = await attach(deployment.url(1), threadOf(first));
    await replay.ended;
    expect(replay.events).toEqual(first.events);
  });

  it('cancels what a killed instance left behind', async () => {
    const first = await openThread(deployment.url(0), resumable({ seed: 5, tokens: 10_000, tokens_per_second: 50 }));
    await until('it streams', () => chunks(first).length > 3);
    await deployment.kill(0);
    expect((await cancelAt(deployment.url(1), threadOf(first))).status).toBe(202);
    const rest = await attach(deployment.url(1), threadOf(first));
    expect(await rest.ended).toBe('ended');
    expect(only(rest, 'error')).toMatchObject({ error: 'cancelled' });
    await deployment.boot(0);
  });

  it('of what is unknown, or another user’s, or a plain stream, is 404', async () => {
    const first = await open();
    const plain = await openThread(deployment.url(0), { ...slow, resumable: false });
    for (const url of [deployment.url(0), deployment.url(1)]) {
      expect((await cancelAt(url, 'no-such-thread')).status).toBe(404);
      expect((await cancelAt(url, threadOf(first), { 'X-Real-IP': '10.0.0.2' })).status).toBe(404);
      expect((await cancelAt(url, threadOf(plain))).status).toBe(404);
    }
    expect(provider.open).toBe(2);
    const token = only(first, 'status').resume_token as string;
    const others = { 'X-Real-IP': '10.0.0.2', 'X-Resume-Token': token };
    expect((await cancelAt(deployment.url(1), threadOf(first), others)).status).toBe(202);
    plain.leave();
    await quiet();
  });
});

describe('a stream without readers', () => {
  it('goes on for a while, so that its reader can come back', async () => {
    const first = await open();
    const had = chunks(first).length;
    first.leave();
    await first.ended;
    const again = await attach(deployment.url(1), threadOf(first));
    await until('it went on', () => chunks(again).length > had + 20);
    expect(provider.open).toBe(1);
    await cancelAt(deployment.url(0), threadOf(first));
    await again.ended;
  });

  it('is cancelled when no reader comes back: the provider sees the close, and the slot is free', async () => {
    const first = await open();
    first.leave();
    await first.ended;
    expect(await deployment.slots(0)).toBe(1);
    expect(provider.open).toBe(1);
    await quiet();
    const replay = await attach(deployment.url(1), threadOf(first));
    await replay.ended;
    expect(only(replay, 'error')).toMatchObject({ error: 'cancelled' });
  });

  it('gives way to a new one of its user at the limit; one that is read does not', async () => {
    const [left, ...read] = await Promise.all([open(), open(), open()]);
    const refused = await openThread(deployment.url(0), slow);
    expect(refused.status).toBe(429);
    left?.leave();
    await left?.ended;
    const fourth = await until(
      'there is room',
      async () => {
        const tried = await openThread(deployment.url(0), slow);
        return tried.status === 200 ? tried : undefined;
      },
      GRACE_SECONDS * 1000,
    );
    expect(await deployment.slots(0)).toBe(3);
    await until('the call of the one that gave way is ended', () => provider.open === 3);
    for (const reader of [...read, fourth]) await cancelAt(deployment.url(0), threadOf(reader));
  });
});
