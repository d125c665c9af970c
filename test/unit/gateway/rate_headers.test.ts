import { expect, it } from 'vitest';
import { beyond, rateLimited } from '../../../src/core/access/rate_limits.ts';
import { rateHeaders } from '../../../src/gateway/http/access.ts';

const requests = { used: 60, limit: 60, waitMs: 7_001, resetMs: 12_001 };
const tokens = { used: 400, limit: 1_000, waitMs: 0, resetMs: 90_000 };

it('shows the limit that stands in the way, and both by the names of OpenAI', () => {
  const exceeded = beyond({ requests, tokens });
  expect(exceeded).toBe(requests);
  expect(rateHeaders({ requests, tokens }, exceeded, '/v1/chat/completions')).toEqual({
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
  expect(rateLimited('This key', { requests, tokens }, requests)).toMatchObject({
    code: 'rate_limited',
    retryAfter: 8,
    message: 'This key may use 60 requests a minute; try again in 8 s.',
  });
});

it('shows both by the names of Anthropic at its endpoint, with dates', () => {
  const headers = rateHeaders({ requests, tokens }, undefined, '/v1/messages');
  expect(headers).toMatchObject({
    'X-RateLimit-Limit': '60',
    'anthropic-ratelimit-requests-limit': '60',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-tokens-limit': '1000',
    'anthropic-ratelimit-tokens-remaining': '600',
  });
  expect(headers).not.toHaveProperty('x-ratelimit-limit-requests');
  const reset = Date.parse(headers['anthropic-ratelimit-requests-reset'] ?? '');
  expect(reset).toBeGreaterThan(Date.now());
  expect(reset).toBeLessThanOrEqual(Date.now() + 13_000);
});

it('names the limit that keeps a request out for longer', () => {
  expect(beyond({ requests: { ...requests, waitMs: 0 }, tokens })).toBeUndefined();
  const spent = { ...tokens, used: 1_000, waitMs: 7_002 };
  expect(beyond({ requests, tokens: spent })).toBe(spent);
  expect(beyond({ tokens: spent })).toBe(spent);
  expect(rateHeaders({ tokens }, undefined, '/api/v1/stream')).toEqual({
    'X-RateLimit-Limit': '1000',
    'X-RateLimit-Remaining': '600',
    'X-RateLimit-Reset': '90',
  });
  expect(rateHeaders({}, undefined, '/v1/responses')).toEqual({});
});
