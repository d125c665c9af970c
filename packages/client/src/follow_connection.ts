import { orAborted } from '../../../src/formats/abortable.ts';
import { SseDecoder, SseLimitError } from '../../../src/formats/sse/sse_decoder.ts';
import { CLIENT_SILENCE_MS } from '../../../src/formats/timing.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import { judgeStatus, type ReconnectLog } from './reconnect.ts';
import type { StreamCalls } from './stream_calls.ts';
import { type StreamCheck, StreamProtocolError } from './stream_check.ts';
import type { StreamOptions } from './stream_options.ts';
import { readRefusal, type StreamRefusal } from './stream_refusal.ts';
import { isEventStream, messageOf, type StreamHead, streamHead, type TransportResponse } from './transport.ts';
import { Watchdog } from './watchdog.ts';

/** A stream over all its connections. */
export interface FollowedStream {
  readonly calls: StreamCalls;
  readonly check: StreamCheck;
  readonly log: ReconnectLog;
  readonly options: StreamOptions;
  readonly isResumable: boolean;
  /** Of the last response that streamed; before one did, of the last refusal. */
  head: StreamHead | undefined;
  /** When the last byte arrived, by `performance.now()`; before the first byte, the start of the call. */
  aliveAt: number;
}

/** How one connection ended. After `again`, another one may continue; otherwise `error` is thrown. */
export type ConnectionEnd =
  | { kind: 'terminal' }
  | { kind: 'again'; reason: string; error?: unknown; retryAfter?: number | undefined }
  | { kind: 'protocol_error'; reason: string }
  | { kind: 'refused'; error: StreamRefusal }
  | { kind: 'at_end' | 'gone' };

/**
 * Sends the stream's next request and follows its response.
 * @throws the signal's reason after an abort, and errors of the caller's handlers
 */
export async function followConnection(stream: FollowedStream): Promise<ConnectionEnd> {
  const { calls, check, options, isResumable } = stream;
  const kind = calls.kind;
  const watchdog = new Watchdog(isResumable ? (options.silenceMs ?? CLIENT_SILENCE_MS) : undefined, options.signal);
  try {
    let response: TransportResponse;
    try {
      response = await orAborted(calls.send(check.lastId, watchdog.signal), watchdog.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      return { kind: 'again', reason: watchdog.silence ?? `no response: ${messageOf(error)}`, error };
    }
    watchdog.touch();
    const verdict = judgeStatus(kind, response.status);
    if (verdict === 'stream') return await followAnswer(stream, response, watchdog);
    const refusal = await readRefusal(response);
    options.signal?.throwIfAborted();
    if (verdict === 'refused') return { kind: 'refused', error: refusal };
    if (verdict === 'again') {
      const { status, message, retryAfter } = refusal;
      return { kind: 'again', reason: `status ${status}: ${message}`, error: refusal, retryAfter };
    }
    stream.head ??= refusal.head;
    return { kind: verdict };
  } finally {
    watchdog.stop();
  }
}

async function followAnswer(
  stream: FollowedStream,
  response: TransportResponse,
  watchdog: Watchdog,
): Promise<ConnectionEnd> {
  const { calls, check, log, options, isResumable } = stream;
  stream.head = streamHead(response);
  calls.learn(stream.head.threadId);
  check.reconnected();
  log.connected(stream.head.instance, performance.now());
  options.onHead?.(stream.head);
  try {
    const type = response.headers('content-type');
    if (!isEventStream(type)) {
      throw new StreamProtocolError(`the response is ${type ?? 'untyped'}, not an event stream; check the address`);
    }
    const broken = await readEvents(response.body, check, {
      signal: options.signal,
      onAlive: () => {
        watchdog.touch();
        stream.aliveAt = performance.now();
      },
      onHold: () => watchdog.hold(),
      onEvent: (event) => {
        if (event.type === 'status') calls.learn(event.data.thread_id, event.data.resume_token);
        if (event.id !== '') log.event(check.seq, performance.now());
        return options.onEvent?.(event);
      },
    });
    options.signal?.throwIfAborted();
    // After `complete`, a resumable stream is whole even if the connection broke before `[DONE]`.
    if (isResumable ? check.isFinished : check.end()) return { kind: 'terminal' };
    return { kind: 'again', reason: watchdog.silence ?? broken ?? 'the stream ended without a terminal event' };
  } catch (error) {
    if (error instanceof StreamProtocolError || error instanceof SseLimitError) {
      return { kind: 'protocol_error', reason: error.message };
    }
    throw error;
  }
}

/** Handlers for reading a body. */
export interface BodyReader {
  /** The caller's signal: after an abort, no event is passed on. */
  signal: AbortSignal | undefined;
  /** Data arrived, or the caller is ready for more. */
  onAlive: () => void;
  /** The caller is not ready for more. */
  onHold: () => void;
  onEvent: (event: StreamEvent) => unknown;
}

/**
 * Reads and checks a body to its end. @returns the reason if the connection broke
 * @throws StreamProtocolError, SseLimitError, the signal's reason, and errors of `onEvent`
 */
export async function readEvents(
  body: AsyncIterable<Uint8Array>,
  check: StreamCheck,
  { signal, onAlive, onHold, onEvent }: BodyReader,
): Promise<string | undefined> {
  const decoder = new SseDecoder();
  const bytes = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const read = await readOrBroken(bytes);
      if (typeof read === 'string') return read;
      if (read.done) return undefined;
      onAlive();
      decoder.push(read.value);
      for (let event = decoder.next(); event; event = decoder.next()) {
        const known = check.take(event);
        const taken = known && onEvent(known);
        // Awaiting a plain value would cost a turn of the event loop for each chunk.
        if (taken instanceof Promise) {
          onHold();
          await taken;
          onAlive();
        }
        signal?.throwIfAborted();
      }
    }
  } finally {
    await bytes.return?.();
  }
}

/** Only errors of the connection count as truncation, not errors of the caller's handlers. */
async function readOrBroken(bytes: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | string> {
  try {
    return await bytes.next();
  } catch (error) {
    return `the connection broke: ${messageOf(error)}`;
  }
}
