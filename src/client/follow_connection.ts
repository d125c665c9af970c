import { SseDecoder, SseLimitError } from '../formats/sse/sse_decoder.ts';
import { CLIENT_SILENCE_MS } from '../formats/timing.ts';
import type { StreamEvent } from '../formats/weir/stream_event.ts';
import { orAborted, Watchdog } from './abortable.ts';
import { judgeStatus, type ReconnectLog } from './reconnect.ts';
import type { ThreadCalls } from './stream_calls.ts';
import { type StreamCheck, StreamProtocolError } from './stream_check.ts';
import type { StreamOptions } from './stream_options.ts';
import { readRefusal, type StreamRefusal } from './stream_refusal.ts';
import { type StreamHead, streamHead, type TransportResponse } from './transport.ts';

/** A stream on its way, over all its connections. */
export interface FollowedStream {
  readonly calls: ThreadCalls;
  readonly check: StreamCheck;
  readonly log: ReconnectLog;
  readonly options: StreamOptions;
  readonly isResumable: boolean;
  /** Of the last answer that streamed; where none did, of the one that said why there is nothing to stream. */
  head: StreamHead | undefined;
  /** When the last byte of the stream came, by `performance.now()`; before the first, when the call began. */
  aliveAt: number;
}

/** How one connection ended. After `again` another one may bring the rest; `error` is what to throw if none does. */
export type ConnectionEnd =
  | { kind: 'terminal' }
  | { kind: 'again'; reason: string; error?: unknown; retryAfter?: number | undefined }
  | { kind: 'protocol_error'; reason: string }
  | { kind: 'refused'; error: StreamRefusal }
  | { kind: 'at_end' | 'gone' };

/**
 * Sends the stream's next request and follows the answer as far as it goes.
 * @throws the signal's reason after an abort, and whatever a handler of the caller throws
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
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'again', reason: watchdog.silence ?? `no answer came: ${message}`, error };
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
    const type = response.headers('content-type') ?? 'untyped';
    if (!type.startsWith('text/event-stream')) {
      throw new StreamProtocolError(`the answer is ${type}, not an event stream; check the address`);
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
    // A resumable stream whose `complete` came is whole, also where the connection broke before `[DONE]`.
    if (isResumable ? check.isFinished : check.end()) return { kind: 'terminal' };
    return { kind: 'again', reason: watchdog.silence ?? broken ?? 'the stream ended without a terminal event' };
  } catch (error) {
    if (error instanceof StreamProtocolError || error instanceof SseLimitError) {
      return { kind: 'protocol_error', reason: error.message };
    }
    throw error;
  }
}

/** What goes on while a body is read. */
export interface BodyReader {
  /** The caller's: after its abort no event is passed on. */
  signal: AbortSignal | undefined;
  /** Bytes came, or the caller is ready for more. */
  onAlive: () => void;
  /** The caller is not ready for more. */
  onHold: () => void;
  onEvent: (event: StreamEvent) => unknown;
}

/**
 * Reads a body to its end, through the check; gives the reason where the connection broke instead.
 * @throws StreamProtocolError, SseLimitError, the signal's reason, and whatever `onEvent` throws
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
        // Awaiting what is no promise would cost a turn of the event loop for each chunk.
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

/** Only a failure of the connection itself is a truncation; an error that a caller's handler throws is its own. */
async function readOrBroken(bytes: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | string> {
  try {
    return await bytes.next();
  } catch (error) {
    return `the connection broke: ${error instanceof Error ? error.message : String(error)}`;
  }
}
