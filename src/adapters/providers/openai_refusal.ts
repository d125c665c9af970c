import type { IncomingHttpHeaders } from 'node:http';
import type { Redact } from '../../core/passthrough/redactor.ts';
import { WeirError } from '../../formats/error_code.ts';
import { retryAfterSeconds } from '../../formats/retry_after.ts';

/** What a provider's head means when it is not the start of an event stream; undefined when it is. */
export function refusedByProvider(
  provider: string,
  status: number,
  headers: IncomingHttpHeaders,
  redact: Redact,
): WeirError | undefined {
  const details = { provider, status };
  if (status === 200) {
    const type = redact(String(headers['content-type'] ?? ''));
    if (/^text\/event-stream\b/i.test(type)) return undefined;
    const message = `The provider answered with "${type || 'no content type'}" instead of an event stream; check its base URL.`;
    return new WeirError('upstream_error', { message, details });
  }
  if (status === 429) {
    const retryAfter = retryAfterSeconds(headers['retry-after']);
    return new WeirError('upstream_rate_limited', {
      details,
      ...(retryAfter !== undefined && { retryAfter: Math.ceil(retryAfter) }),
    });
  }
  if (status >= 300 && status < 400) {
    const message = `The provider answered with a redirect (${status}), which is not followed; set its base URL to the final address.`;
    return new WeirError('upstream_error', { message, details });
  }
  if (status >= 401 && status <= 403) {
    const message = `The provider refused the key of this deployment (${status}); check it, and the account.`;
    return new WeirError('upstream_error', { message, details });
  }
  return new WeirError('upstream_error', { message: `The provider answered with status ${status}.`, details });
}
