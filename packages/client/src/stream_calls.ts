import type { StreamRequestInput } from '../../../src/formats/weir/stream_request_input.ts';
import type { CallKind } from './reconnect.ts';
import type { StreamOptions } from './stream_options.ts';
import { readRefusal } from './stream_refusal.ts';
import { fetchTransport, type TransportResponse } from './transport.ts';

/** The requests of one stream: `POST` until its id is known, then `GET` from the cursor; `DELETE` to cancel. */
export class StreamCalls {
  readonly #options: StreamOptions;
  readonly #request: StreamRequestInput | undefined;
  readonly #idempotencyKey = makeKey();
  #threadId: string | undefined;
  #resumeToken: string | undefined;

  /** @param request opens the stream; undefined to attach to the stream that {@link learn} names */
  constructor(request: StreamRequestInput | undefined, options: StreamOptions) {
    this.#request = request;
    this.#options = options;
  }

  /** The kind of the next call. */
  get kind(): CallKind {
    if (this.#request !== undefined && this.#request.resumable !== true) return 'plain';
    return this.#threadId === undefined ? 'open' : 'attach';
  }

  /** Takes the stream's id and token from a response. */
  learn(threadId: string | null, resumeToken?: string): void {
    this.#threadId = threadId ?? this.#threadId;
    this.#resumeToken = resumeToken ?? this.#resumeToken;
  }

  /** Settles when the response head arrives. @throws the transport's error */
  send(cursor: string | undefined, signal: AbortSignal): Promise<TransportResponse> {
    const { baseUrl, headers, transport = fetchTransport } = this.#options;
    if (this.kind === 'attach') {
      const from = cursor === undefined ? {} : { 'last-event-id': cursor };
      const sent = { ...this.#streamHeaders(), ...from, accept: 'text/event-stream' };
      return transport(this.#streamUrl(), { method: 'GET', headers: sent, body: '', signal });
    }
    // With the same key, a repeated POST attaches to the stream that the first one opened.
    const once = this.kind === 'open' ? { 'idempotency-key': this.#idempotencyKey } : {};
    return transport(`${baseUrl}/stream`, {
      method: 'POST',
      headers: { ...once, ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(this.#request),
      signal,
    });
  }

  /** Cancels the stream. Does not wait: if the request fails, the server ends the stream after its grace period. */
  cancel(): void {
    if (this.kind !== 'attach') return;
    const { transport = fetchTransport } = this.#options;
    transport(this.#streamUrl(), { method: 'DELETE', headers: this.#streamHeaders(), body: '', signal: undefined })
      .then(readRefusal)
      .catch(() => {});
  }

  #streamUrl(): string {
    return `${this.#options.baseUrl}/stream/${encodeURIComponent(this.#threadId ?? '')}`;
  }

  #streamHeaders(): Record<string, string> {
    const token = this.#resumeToken;
    return { ...this.#options.headers, ...(token === undefined ? {} : { 'x-resume-token': token }) };
  }
}

/** `crypto.randomUUID` is missing on pages loaded over plain HTTP from another host. */
function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
