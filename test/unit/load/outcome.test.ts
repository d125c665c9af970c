import { expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/formats/error_code.ts';
import { apiBaseUrl } from '../../../src/load/load_plan.ts';
import { outcomeOfErrorEvent, outcomeOfFailure, outcomeOfStatus } from '../../../src/load/outcome.ts';

it.each([
  [429, '429'],
  [503, '503'],
  [502, '502'],
  [504, '504'],
  [404, 'other_4xx'],
  [500, 'other_5xx'],
  [308, 'protocol_error'],
])('status %i is %s', (status, outcome) => {
  expect(outcomeOfStatus(status)).toBe(outcome);
});

it.each([
  ['upstream_error', false, '502'],
  ['upstream_timeout', false, '504'],
  ['upstream_truncated', false, 'truncated'],
  ['upstream_error', true, 'truncated'],
  ['draining', false, '503'],
  ['cancelled', true, 'cancelled'],
  ['a_later_code', false, 'other_5xx'],
])('error event %s, text before it: %s, is %s', (error, hasText, outcome) => {
  const event = { error: error as ErrorCode, message: '', retryable: true, thread_id: 't', delivered: 0 };
  expect(outcomeOfErrorEvent(event, hasText)).toBe(outcome);
});

it.each([
  ['ENOTFOUND', 'dns'],
  ['ECONNREFUSED', 'connect'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['CERT_HAS_EXPIRED', 'tls'],
])('failure %s is %s', (code, outcome) => {
  expect(outcomeOfFailure(Object.assign(new Error(code), { code }))).toBe(outcome);
  expect(outcomeOfFailure(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) }))).toBe(
    outcome,
  );
});

it('calls a failure without a code connect', () => {
  expect(outcomeOfFailure(new TypeError('Failed to fetch'))).toBe('connect');
  expect(outcomeOfFailure('odd')).toBe('connect');
});

it.each([
  ['localhost', 'https://localhost/api/v1'],
  ['https://localhost/', 'https://localhost/api/v1'],
  ['http://localhost:8000', 'http://localhost:8000/api/v1'],
  ['https://example.org/weir/api/v1/', 'https://example.org/weir/api/v1'],
])('%s means %s', (typed, base) => {
  expect(apiBaseUrl(typed)).toBe(base);
});

it.each(['ftp://x', 'https://', ''])('refuses the address "%s"', (typed) => {
  expect(() => apiBaseUrl(typed)).toThrow('is not an http(s) address');
});
