import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { contentOf, only, openThread, resumable, sha256, threadOf } from '../support/thread_reading.ts';

let provider: MockOpenai;
let deployment: Deployment;
beforeAll(async () => {
  provider = await startMockOpenai({
    script: ({ body }) => (body.model === 'slow-refusal' ? [{ pause: 700 }, { head: 401 }] : undefined),
  });
  deployment = await Deployment.start({
    instances: 3,
    env: { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'test', MAX_CONNECTIONS_PER_USER: '3' },
  });
});
afterAll(async () => {
  await deployment.close();
  await provider.close();
});

const body = { query: 'q', model: 'mock-50x50', provider: 'openai', resumable: true };
const send = (at: number, key: string, sent: unknown = body, more: Record<string, string> = {}) =>
  openThread(deployment.url(at), sent, { 'Idempotency-Key': key, ...more });

describe('an Idempotency-Key', () => {
  it.each([2, 3])(
    'sent 20 times at once over %i instances is one generation, and 20 readers of it',
    async (instances) => {
      const before = provider.requests.length;
      const all = Array.from({ length: 20 }, (_, at) => send(at % instances, `twenty-over-${instances}`));
      const readers = await Promise.all(all);
      await Promise.all(readers.map((reader) => reader.ended));
      expect(provider.requests.length - before).toBe(1);
      expect(new Set(readers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(readers.map(threadOf)).size).toBe(1);
      const text = 'word '.repeat(50);
      for (const reader of readers) {
        expect(contentOf(reader)).toBe(text);
        expect(only(reader, 'complete').sha256).toBe(sha256(text));
        expect(reader.events).toEqual(readers[0]?.events);
      }
    },
  );

  it('repeated after the end gives the same stream again', async () => {
    const first = await send(0, 'later');
    await first.ended;
    const again = await send(2, 'later');
    await again.ended;
    expect(again.events).toEqual(first.events);
  });

  it('with another body is refused, and with another user is another key', async () => {
    const first = await send(0, 'mine');
    const refused = await fetch(`${deployment.url(1)}/api/v1/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'mine' },
      body: JSON.stringify({ ...body, query: 'another' }),
    });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      error: 'validation_error',
      details: { fields: [{ field: 'Idempotency-Key' }] },
    });
    const theirs = await send(1, 'mine', { ...body, query: 'another' }, { 'X-Real-IP': '10.0.0.2' });
    expect(theirs.status).toBe(200);
    expect(threadOf(theirs)).not.toBe(threadOf(first));
    await Promise.all([first.ended, theirs.ended]);
  });

  it('sent again while the provider has not answered gets the refusal too, and no stream that breaks off', async () => {
    const slow = { ...body, model: 'slow-refusal' };
    const all = [0, 0, 0, 1].map((at) => send(at, 'refused', slow));
    const answers = await Promise.all(all);
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 502]);
    const again = await send(2, 'refused');
    expect(again.status).toBe(200);
    again.leave();
  });

  it('is free again when its stream never began', async () => {
    const failed = await send(0, 'failing', { ...body, model: 'mock-500' });
    expect(failed.status).toBe(502);
    const again = await send(1, 'failing');
    expect(again.status).toBe(200);
    await again.ended;
    expect(contentOf(again)).toBe('word '.repeat(50));
  });
});

describe('an Idempotency-Key of a request that is refused', () => {
  it.each([
    ['as-there-is-no-such-provider', { provider: 'missing' }, {}, 422],
    ['as-its-id-is-in-use', {}, { 'X-Thread-ID': 'in-use' }, 409],
  ])('%s is free for the corrected one, on any instance', async (key, wrong, headers, status) => {
    const holder = await openThread(deployment.url(0), body, { 'X-Thread-ID': 'in-use' });
    await holder.ended;
    const refused = await send(0, key, { ...body, ...wrong }, headers);
    expect(refused.status).toBe(status);
    const corrected = await send(1, key);
    expect(corrected.status).toBe(200);
    await corrected.ended;
    expect(contentOf(corrected)).toBe('word '.repeat(50));
  });
});

describe('an X-Thread-ID of the client’s own', () => {
  it('is used, and once only: known ones get 409, running or over, on any instance', async () => {
    const named = { 'X-Thread-ID': 'chosen_1' };
    const spoken = resumable({ seed: 1, tokens: 50, tokens_per_second: 50 });
    const first = await openThread(deployment.url(0), spoken, named);
    expect(threadOf(first)).toBe('chosen_1');
    for (const at of [0, 1]) expect((await openThread(deployment.url(at), spoken, named)).status).toBe(409);
    await first.ended;
    for (const at of [0, 1]) expect((await openThread(deployment.url(at), spoken, named)).status).toBe(409);
  });
});
