import { SseDecoder, SseLimitError } from '../protocol/sse_decoder.ts';
import type { CompleteEvent, ErrorEvent, StreamEvent } from '../protocol/stream_event.ts';
import type { StreamRequestInput } from '../protocol/stream_request.ts';
import { StreamCheck, StreamProtocolError } from './stream_check.ts';
import type { StreamHead } from './stream_head.ts';
import { streamHead } from './stream_head.ts';
import { readRefusal } from './stream_refusal.ts';
import type { Transport, TransportResponse } from './transport.ts';
import { fetchTransport } from './transport.ts';

export interface OpenStreamOptions {
  /** Up to and with `/api/v1`, for example `https://localhost/api/v1`. */
  baseUrl: string;
  /** Aborting it closes the request; {@link openStream} then rejects with the signal's reason. */
  signal?: AbortSignal;
  transport?: Transport;
  /** Sent along, for example `x-thread-id` or `authorization`; lower-case names. */
  headers?: Record<string, string>;
  /** Each event as it comes, after its check. */
  onEvent?: (event: StreamEvent) => void;
  /** The head, before the first event; of refusals too. */
  onHead?: (head: StreamHead) => void;
  /** Also compare the text with the checksum of `complete` (where WebCrypto is there: https and localhost). */
  verify?: boolean;
}

/**
 * How an answer with status 200 ended. `truncated` is an end without a terminal event (or a connection that broke):
 * never a success. `protocol_error` is a stream that broke the contract; `reason` says how.
 */
export type StreamResult = { head: StreamHead; text: string; chunks: number } & (
  | { outcome: 'complete'; complete: CompleteEvent }
  | { outcome: 'error'; error: ErrorEvent }
  | { outcome: 'truncated'; reason: string }
  | { outcome: 'protocol_error'; reason: string }
);

/**
 * Opens a stream and follows it to its end.
 *
 * @throws StreamRefusal for every status other than 200
 * @throws the transport's error when no head came, and the signal's reason after an abort
 */
export async function openStream(request: StreamRequestInput, options: OpenStreamOptions): Promise<StreamResult> {
  const { signal, transport = fetchTransport } = options;
  signal?.throwIfAborted();
  try {
    const response = await transport(`${options.baseUrl}/stream`, {
      method: 'POST',
      headers: { ...options.headers, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(request),
      signal,
    });
    const head = streamHead(response);
    options.onHead?.(head);
    if (response.status !== 200) throw await readRefusal(response);
    const check = new StreamCheck();
    const end = await follow(response, check, options);
    return { head, text: check.text, chunks: check.chunks, ...end };
  } catch (error) {
    // Transports wrap an abort in errors of their own.
    signal?.throwIfAborted();
    throw error;
  }
}

type End =
  | { outcome: 'complete'; complete: CompleteEvent }
  | { outcome: 'error'; error: ErrorEvent }
  | { outcome: 'truncated' | 'protocol_error'; reason: string };

async function follow(response: TransportResponse, check: StreamCheck, options: OpenStreamOptions): Promise<End> {
  try {
    const type = response.headers('content-type') ?? 'untyped';
    if (!type.startsWith('text/event-stream')) {
      throw new StreamProtocolError(`the answer is ${type}, not an event stream; check the address`);
    }
    const broken = await readEvents(response.body, check, options);
    options.signal?.throwIfAborted();
    if (!check.end()) return { outcome: 'truncated', reason: broken ?? 'the stream ended without a terminal event' };
    if (check.error) return { outcome: 'error', error: check.error };
    const complete = check.complete!;
    if (options.verify) await verifyText(check.text, complete);
    return { outcome: 'complete', complete };
  } catch (error) {
    if (error instanceof StreamProtocolError || error instanceof SseLimitError) {
      return { outcome: 'protocol_error', reason: error.message };
    }
    throw error;
  }
}

/** Reads to the end of the body; gives the reason where the connection broke instead. */
async function readEvents(
  body: AsyncIterable<Uint8Array>,
  check: StreamCheck,
  { onEvent }: OpenStreamOptions,
): Promise<string | undefined> {
  const decoder = new SseDecoder();
  const bytes = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const read = await readOrBroken(bytes);
      if (typeof read === 'string') return read;
      if (read.done) return undefined;
      decoder.push(read.value);
      for (let event = decoder.next(); event; event = decoder.next()) {
        const known = check.take(event);
        if (known) onEvent?.(known);
      }
    }
  } finally {
    await bytes.return?.();
  }
}

/** Only a failure of the connection itself is a truncation; an error that a caller's handler throws is its own. */
async function readOrBroken(bytes: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | string> {
  try {
    return await bytes.next();
  } catch (error) {
    return `the connection broke: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function verifyText(text: string, complete: CompleteEvent): Promise<void> {
  // Pages that came over plain http from another host have no WebCrypto.
  const subtle = globalThis.crypto?.subtle as typeof globalThis.crypto.subtle | undefined;
  if (subtle === undefined) return;
  const digest = await subtle.digest('SHA-256', new TextEncoder().encode(text));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== complete.sha256) throw new StreamProtocolError('the text does not match its checksum');
}
