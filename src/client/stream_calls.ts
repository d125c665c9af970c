import type { StreamRequestInput } from '../formats/weir/stream_request.ts';
import type { CallKind } from './reconnect.ts';
import type { StreamOptions } from './stream_options.ts';
import { readRefusal } from './stream_refusal.ts';
import { fetchTransport, type TransportResponse } from './transport.ts';

/** The requests of one stream: `POST` until its thread is known, `GET` from the cursor afterwards, `DELETE` to cancel. */
export class ThreadCalls {
  readonly #options: StreamOptions;
  readonly #request: StreamRequestInput | undefined;
  readonly #idempotencyKey = makeKey();
  #threadId: string | undefined;
  #resumeToken: string | undefined;

  /** @param request what opens the stream; undefined to attach to a thread, which {@link learn} then names */
  constructor(request: StreamRequestInput | undefined, options: StreamOptions) {
    this.#request = request;
    this.#options = options;
  }

  /** The kind of the next call. */
  get kind(): CallKind {
    if (this.#request !== undefined && this.#request.resumable !== true) return 'plain';
    return this.#threadId === undefined ? 'open' : 'attach';
  }

  /** What the answers say about the thread. */
  learn(threadId: string | null, resumeToken?: string): void {
    this.#threadId = threadId ?? this.#threadId;
    this.#resumeToken = resumeToken ?? this.#resumeToken;
  }

  /** Settles when the head is there. @throws the transport's error */
  send(cursor: string | undefined, signal: AbortSignal): Promise<TransportResponse> {
    const { baseUrl, headers, transport = fetchTransport } = this.#options;
    if (this.kind === 'attach') {
      const from = cursor === undefined ? {} : { 'last-event-id': cursor };
      const sent = { ...this.#threadHeaders(), ...from, accept: 'text/event-stream' };
      return transport(this.#threadUrl(), { method: 'GET', headers: sent, body: '', signal });
    }
    // With the key a repeat attaches to what the first one opened, where that arrived after all.
    const once = this.kind === 'open' ? { 'idempotency-key': this.#idempotencyKey } : {};
    return transport(`${baseUrl}/stream`, {
      method: 'POST',
      headers: { ...once, ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(this.#request),
      signal,
    });
  }

  /** Ends the generation, wherever it runs. Nobody waits for the answer, and where it fails the server's grace ends it. */
  cancel(): void {
    if (this.kind !== 'attach') return;
    const { transport = fetchTransport } = this.#options;
    transport(this.#threadUrl(), { method: 'DELETE', headers: this.#threadHeaders(), body: '', signal: undefined })
      .then(readRefusal)
      .catch(() => {});
  }

  #threadUrl(): string {
    return `${this.#options.baseUrl}/stream/${encodeURIComponent(this.#threadId ?? '')}`;
  }

  #threadHeaders(): Record<string, string> {
    const token = this.#resumeToken;
    return { ...this.#options.headers, ...(token === undefined ? {} : { 'x-resume-token': token }) };
  }
}

/** `crypto.randomUUID` is missing on pages that came over plain http from another host. */
function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
