import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { packRequest, unpackRequest } from '../../../src/adapters/stores/stream_log/redis_log_store.ts';
import { MAX_REQUEST_BYTES } from '../../../src/adapters/stores/stream_log/retention.ts';
import { streamRequestSchema } from '../../../src/formats/weir/stream_request.ts';

const request = (query: string) => streamRequestSchema.parse({ query, model: 'm', resumable: true });

it.each([
  ['small', 'Grüße, 世界'],
  ['large', 'Grüße, 世界 '.repeat(5_000)],
])('a %s request comes back as it was', async (_, query) => {
  expect(await unpackRequest(await packRequest(request(query)))).toEqual(request(query));
});

it('is compressed where that pays, and not kept where it is too large all the same', async () => {
  expect((await packRequest(request('word '.repeat(10_000)))).length).toBeLessThan(2_000);
  const noise =
    randomBytes(MAX_REQUEST_BYTES)
      .toString('base64')
      .match(/.{1,90000}/g) ?? [];
  const messages = noise.map((content) => ({ role: 'user', content }));
  expect(await packRequest(streamRequestSchema.parse({ messages, model: 'm' }))).toBe('');
});
