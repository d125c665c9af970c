import type { IncomingHttpHeaders } from 'node:http';
import type { Redact } from '../../core/upstream/redactor.ts';

/** What clients of these APIs read: when to try again, whether to, and how much is left. Nothing else is passed on. */
const PASSED = new Set(['retry-after', 'retry-after-ms', 'x-should-retry', 'openai-processing-ms', 'openai-version']);
const PASSED_PREFIX = /^(x-ratelimit-|anthropic-ratelimit-)/;

/** The provider's own request id, beside ours: its support asks for it. */
export const UPSTREAM_REQUEST_ID = 'x-upstream-request-id';

/** @returns lower-case names and their values, as `redact` leaves them */
export function passedHeaders(headers: IncomingHttpHeaders, redact: Redact): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (PASSED.has(name) || PASSED_PREFIX.test(name))) passed[name] = redact(value);
  }
  const id = headers['x-request-id'] ?? headers['request-id'];
  if (typeof id === 'string') passed[UPSTREAM_REQUEST_ID] = redact(id);
  return passed;
}
