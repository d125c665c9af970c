import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Why a request may not change anything; undefined where it may. Another site's page can send requests to this machine,
 * but neither with this console's Origin nor with its token; and `application/json` it can't send unasked.
 *
 * Call it where the `Host` header is known to name this machine.
 */
export function changeProblem(headers: IncomingHttpHeaders, token: string): string | undefined {
  const type = headers['content-type'] ?? '';
  if (!/^application\/json(;|$)/i.test(type)) return 'Send it with Content-Type: application/json.';
  if (headers.origin !== undefined) {
    if (headers.origin === `http://${headers.host}`) return undefined;
    return 'Only the dashboard itself, opened at this console’s own address, may do this.';
  }
  if (isSame(headers['x-console-token']?.toString() ?? '', token)) return undefined;
  return 'Send X-Console-Token, with what stands in the file .weir/console.token.';
}

function isSame(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
