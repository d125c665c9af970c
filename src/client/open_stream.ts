import { CLIENT_GIVE_UP_MS } from '../formats/timing.ts';
import type { StreamRequestInput } from '../formats/weir/stream_request.ts';
import { type ConnectionEnd, type FollowedStream, followConnection } from './follow_stream.ts';
import { pause } from './pause.ts';
import { ReconnectLog } from './reconnect_log.ts';
import { nextTryMs } from './reconnect_policy.ts';
import { StreamCheck } from './stream_check.ts';
import type { AttachOptions, StreamOptions } from './stream_options.ts';
import { type AlreadyEnded, factsOf, resultOf, type StreamResult } from './stream_result.ts';
import { ThreadCalls } from './thread_calls.ts';

/**
 * Opens a stream and follows it to its end; with `resumable: true` over as many connections as it takes.
 *
 * @throws StreamRefusal when the server refuses to open it
 * @throws the transport's error when no head came, and the signal's reason after an abort
 */
export async function openStream(request: StreamRequestInput, options: StreamOptions): Promise<StreamResult> {
  const calls = new ThreadCalls(request, options);
  const stream = streamOf(calls, new StreamCheck(), options, request.resumable === true);
  return resultOf(stream, await follow(stream));
}

/**
 * Follows a resumable stream that was opened elsewhere, for example by this page before it was reloaded.
 *
 * @throws StreamRefusal when the server refuses to attach; a thread that it does not know is `truncated`
 * @throws the transport's error when no head came within `giveUpAfterMs`, and the signal's reason after an abort
 */
export async function attachStream(threadId: string, options: AttachOptions): Promise<StreamResult | AlreadyEnded> {
  const calls = new ThreadCalls(undefined, options);
  calls.learn(threadId, options.resumeToken);
  const stream = streamOf(calls, new StreamCheck(options.lastEventId), options, true);
  const end = await follow(stream);
  const hasNews = options.lastEventId === undefined || stream.check.lastId !== options.lastEventId;
  if (hasNews || end.kind !== 'at_end') return resultOf(stream, end);
  return { ...factsOf(stream), outcome: 'already_ended', reason: 'lastEventId was the end of the stream' };
}

function streamOf(
  calls: ThreadCalls,
  check: StreamCheck,
  options: StreamOptions,
  isResumable: boolean,
): FollowedStream {
  const log = new ReconnectLog(check.seq);
  return { calls, check, log, options, isResumable, head: undefined, aliveAt: performance.now() };
}

/** Connection after connection, until the stream ends or nothing brings it back. A caller who leaves cancels it. */
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
        return { ...end, reason: `${end.reason} (given up ${Math.round(silentMs / 1000)} s after the last byte)` };
      }
      options.onInterrupt?.(end.reason, end.error);
      await pause(waitMs, signal);
      signal?.throwIfAborted();
    }
  } catch (error) {
    // An abort, or an error of the caller's own: either way nobody reads on.
    if (isResumable && cancelOnAbort && !check.isFinished) calls.cancel();
    throw error;
  }
}
