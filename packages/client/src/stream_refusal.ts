import type { WireErrorCode } from '../../../src/formats/error_code.ts';
import { retryAfterSeconds } from '../../../src/formats/retry_after.ts';
import type { StreamHead, TransportResponse } from './transport.ts';
import { streamHead } from './transport.ts';

/** Bound of a refusal's body; a proxy's error page may be long. */
const MAX_BODY_BYTES = 64 * 1024;

/** The server answered with a status other than 200. */
export class StreamRefusal extends Error {
  readonly status: number;
  /** Code of the error table; `http_<status>` if the body is not Weir's JSON, such as a proxy's page. */
  readonly code: WireErrorCode;
  /** Seconds to wait before the next attempt, if the server said so. */
  readonly retryAfter: number | undefined;
  readonly details: Record<string, unknown>;
  readonly head: StreamHead;

  constructor(head: StreamHead, code: WireErrorCode, message: string, retryAfter?: number, details = {}) {
    super(message);
    this.name = 'StreamRefusal';
    this.status = head.status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.details = details;
    this.head = head;
  }
}

/** Reads any body of a refusal into a {@link StreamRefusal}. */
export async function readRefusal(response: TransportResponse): Promise<StreamRefusal> {
  const head = streamHead(response);
  const retryAfter = retryAfterSeconds(response.headers('retry-after'));
  const body = parseBody(await readText(response.body));
  const code = typeof body.error === 'string' ? body.error : `http_${response.status}`;
  const message = typeof body.message === 'string' ? body.message : fallbackMessage(response);
  const details = typeof body.details === 'object' && body.details !== null ? body.details : {};
  return new StreamRefusal(head, code, message, retryAfter, details);
}

function fallbackMessage(response: TransportResponse): string {
  const location = response.headers('location');
  if (location !== null) return `The server redirects to ${location}; use that address.`;
  return `The server answered with status ${response.status}, not with a stream.`;
}

function parseBody(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  try {
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      size += bytes.length;
      if (size > MAX_BODY_BYTES) break;
    }
  } catch {
    // The status alone is enough.
  }
  return text;
}
