import { pause } from '../../../src/formats/abortable.ts';
import { CLIENT_GIVE_UP_MS } from '../../../src/formats/timing.ts';
import type { CompleteEvent, ErrorEvent } from '../../../src/formats/weir/stream_event.ts';
import type { StreamRequestInput } from '../../../src/formats/weir/stream_request_input.ts';
import { type ConnectionEnd, type FollowedStream, followConnection } from './follow_connection.ts';
import { nextTryMs, type Reconnect, ReconnectLog } from './reconnect.ts';
import { StreamCalls } from './stream_calls.ts';
import { StreamCheck, StreamProtocolError, verifyText } from './stream_check.ts';
import type { AttachOptions, StreamOptions } from './stream_options.ts';
import { StreamRefusal } from './stream_refusal.ts';
import type { StreamHead } from './transport.ts';

/**
 * Opens a stream and follows it to its end; with `resumable: true`, over as many connections as needed.
 *
 * @throws StreamRefusal when the server refuses to open it
 * @throws the transport's error if there was no response, and the signal's reason after an abort
 */
export async function openStream(request: StreamRequestInput, options: StreamOptions): Promise<StreamResult> {
  const calls = new StreamCalls(request, options);
  const stream = streamOf(calls, new StreamCheck(), options, request.resumable === true);
  return resultOf(stream, await follow(stream));
}

/**
 * Follows a resumable stream that was opened elsewhere, for example by this page before it was reloaded.
 *
 * @throws StreamRefusal when the server refuses to attach; a stream that it does not know is `truncated`
 * @throws the transport's error if there was no response within `giveUpAfterMs`, and the signal's reason after an abort
 */
export async function attachStream(threadId: string, options: AttachOptions): Promise<StreamResult | AlreadyEnded> {
  const calls = new StreamCalls(undefined, options);
  calls.learn(threadId, options.resumeToken);
  const stream = streamOf(calls, new StreamCheck(options.lastEventId), options, true);
  const end = await follow(stream);
  const hasEvents = options.lastEventId === undefined || stream.check.lastId !== options.lastEventId;
  if (hasEvents || end.kind !== 'at_end') return resultOf(stream, end);
  return { ...factsOf(stream), outcome: 'already_ended', reason: 'lastEventId was the end of the stream' };
}

function streamOf(
  calls: StreamCalls,
  check: StreamCheck,
  options: StreamOptions,
  isResumable: boolean,
): FollowedStream {
  const log = new ReconnectLog(check.seq);
  return { calls, check, log, options, isResumable, head: undefined, aliveAt: performance.now() };
}

/** Follows connection after connection until the stream ends or the retries are used up. An abort cancels the stream. */
async function follow(stream: FollowedStream): Promise<ConnectionEnd> {
  const { calls, check, options, isResumable } = stream;
  const { signal, giveUpAfterMs = CLIENT_GIVE_UP_MS, cancelOnAbort = true } = options;
  signal?.throwIfAborted();
  try {
    for (let attempt = 1; ; attempt++) {
      const cursor = check.lastId;
      const end = await followConnection(stream);
      if (end.kind !== 'again' || !isResumable) return end;
      if (check.lastId !== cursor) attempt = 1;
      const silentMs = performance.now() - stream.aliveAt;
      const { retryAfter } = end;
      const waitMs = nextTryMs({ attempt, retryAfter, silentMs, giveUpAfterMs, random: Math.random() });
      if (waitMs === undefined) {
        return { ...end, reason: `${end.reason} (gave up ${Math.round(silentMs / 1000)} s after the last data)` };
      }
      options.onInterrupt?.(end.reason, end.error);
      await pause(waitMs, signal);
      signal?.throwIfAborted();
    }
  } catch (error) {
    // After an abort or an error of a handler, the caller does not read on.
    if (isResumable && cancelOnAbort && !check.isFinished) calls.cancel();
    throw error;
  }
}

/** Known of every stream that was answered with status 200. */
interface StreamFacts {
  /** Of the last response that streamed. */
  head: StreamHead;
  /** All content received; without the content before `lastEventId`. */
  text: string;
  chunks: number;
  /** Number of owners that the stream has had, from 1; 0 if no event arrived. */
  epoch: number;
  /** Where it changed connections; empty for plain streams. */
  reconnects: Reconnect[];
}

/**
 * How it ended. `truncated`: without a terminal event, for a resumable stream after all retries; never a success.
 * `protocol_error`: the stream broke the rules of its protocol; `reason` says how.
 */
type StreamEnding =
  | { outcome: 'complete'; complete: CompleteEvent }
  | { outcome: 'error'; error: ErrorEvent }
  | { outcome: 'truncated'; reason: string }
  | { outcome: 'protocol_error'; reason: string };

export type StreamResult = StreamFacts & StreamEnding;

/** Only from `attachStream`: `lastEventId` was the end of the stream, so no event arrived. */
export type AlreadyEnded = StreamFacts & { outcome: 'already_ended'; reason: string };

/** The result of the stream, from the end of its last connection. @throws the refusal or error if nothing streamed */
export async function resultOf(stream: FollowedStream, end: ConnectionEnd): Promise<StreamResult> {
  if (stream.head === undefined && (end.kind === 'again' || end.kind === 'refused')) {
    if (end.error instanceof StreamRefusal) stream.options.onHead?.(end.error.head);
    throw end.error;
  }
  return { ...factsOf(stream), ...(await endingOf(stream, end)) };
}

/** The facts of a stream that was answered. */
export function factsOf({ head, check, log }: FollowedStream): StreamFacts {
  const { text, chunks, epoch } = check;
  return { head: head!, text, chunks, epoch, reconnects: log.reconnects };
}

async function endingOf({ check, options, isResumable }: FollowedStream, end: ConnectionEnd): Promise<StreamEnding> {
  switch (end.kind) {
    case 'again':
      return { outcome: 'truncated', reason: end.reason };
    case 'gone':
      return { outcome: 'truncated', reason: 'the server does not know this stream, or it has expired (404)' };
    case 'refused':
      return { outcome: 'truncated', reason: `the server refused to resume: ${end.error.message}` };
    case 'at_end':
      return {
        outcome: 'protocol_error',
        reason: 'the server says that the stream has ended, but its terminal event never arrived',
      };
    case 'protocol_error':
      return { outcome: 'protocol_error', reason: end.reason };
    case 'terminal':
      if (check.error) return { outcome: 'error', error: check.error };
  }
  const complete = check.complete!;
  try {
    if ((options.verify ?? isResumable) && check.isWhole) await verifyText(check.text, complete);
    return { outcome: 'complete', complete };
  } catch (error) {
    if (!(error instanceof StreamProtocolError)) throw error;
    return { outcome: 'protocol_error', reason: error.message };
  }
}
