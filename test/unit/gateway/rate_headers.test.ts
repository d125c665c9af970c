import { expect, it } from 'vitest';
import { beyond, rateLimited } from '../../../src/core/access/rate_limits.ts';
import { rateHeaders } from '../../../src/gateway/http/rate_headers.ts';

const requests = { used: 61, limit: 60, resetMs: 12_001 };
const tokens = { used: 400, limit: 1_000, resetMs: 90_000 };

it('shows the limit that stands in the way, and both by the names of OpenAI', () => {
  const exceeded = beyond({ requests, tokens });
  expect(exceeded).toBe(requests);
  expect(rateHeaders({ requests, tokens }, exceeded, true)).toEqual({
    'X-RateLimit-Limit': '60',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '13',
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '13s',
    'x-ratelimit-limit-tokens': '1000',
    'x-ratelimit-remaining-tokens': '600',
    'x-ratelimit-reset-tokens': '1m30s',
  });
  expect(rateLimited({ requests, tokens }, requests)).toMatchObject({
    code: 'rate_limited',
    retryAfter: 13,
    message: 'This key may use 60 requests a minute; try again in 13 s.',
  });
});

it('lets a request through while there is one left, and an answer begin while there are tokens left', () => {
  expect(beyond({ requests: { ...requests, used: 60 }, tokens: { ...tokens, used: 999 } })).toBeUndefined();
  const spent = { ...tokens, used: 1_000 };
  expect(beyond({ tokens: spent })).toBe(spent);
  expect(rateHeaders({ tokens }, undefined, false)).toEqual({
    'X-RateLimit-Limit': '1000',
    'X-RateLimit-Remaining': '600',
    'X-RateLimit-Reset': '90',
  });
  expect(rateHeaders({}, undefined, true)).toEqual({});
});
