import type { CompleteEvent, ErrorEvent } from '../formats/weir/stream_event.ts';
import { verifyText } from './checksum.ts';
import type { ConnectionEnd, FollowedStream } from './follow_stream.ts';
import type { Reconnect } from './reconnect_log.ts';
import type { StreamHead } from './stream_head.ts';
import { StreamProtocolError } from './stream_protocol_error.ts';
import { StreamRefusal } from './stream_refusal.ts';

/** What is known of every stream that was answered with status 200. */
interface StreamFacts {
  /** Of the last answer that streamed. */
  head: StreamHead;
  /** All content that came; without what lay before `lastEventId`. */
  text: string;
  chunks: number;
  /** How often the thread had changed its owner by the last event, counted from 1; 0 where no event came. */
  epoch: number;
  /** Where it went on over another connection; empty for plain streams. */
  reconnects: Reconnect[];
}

/**
 * How it ended. `truncated` is an end without a terminal event (for a resumable stream: and nothing brought it back):
 * never a success. `protocol_error` is a stream that broke the contract; `reason` says how.
 */
type StreamEnding =
  | { outcome: 'complete'; complete: CompleteEvent }
  | { outcome: 'error'; error: ErrorEvent }
  | { outcome: 'truncated'; reason: string }
  | { outcome: 'protocol_error'; reason: string };

export type StreamResult = StreamFacts & StreamEnding;

/** Only of `attachStream`: `lastEventId` was the stream's end, so nothing came. */
export type AlreadyEnded = StreamFacts & { outcome: 'already_ended'; reason: string };

/** What the last connection's end means for the whole stream. @throws what kept it from being answered at all */
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
      return { outcome: 'truncated', reason: 'the server does not know this thread, or its time has expired (404)' };
    case 'refused':
      return { outcome: 'truncated', reason: `the server refused to go on: ${end.error.message}` };
    case 'at_end':
      return { outcome: 'protocol_error', reason: 'the server says that the stream has ended, but its end never came' };
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
