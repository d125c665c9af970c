import type { WeirError } from '../../formats/error_code.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { AnswerEnd } from '../upstream/upstream.ts';
import type { TranscriptSummary } from './transcript.ts';

/**
 * Writes one stream in the client's format. Gives whole frames; `seq` is contiguous within the stream and starts at 0
 * with the status.
 */
export interface Encoder {
  /** Whether it writes more than text. */
  readonly wantsParts: boolean;
  status(seq: number): string;
  chunk(seq: number, text: string, index: number): string;
  /** @returns an empty text where the format has nothing to say: then `seq` is free */
  part(seq: number, part: AnswerPart): string;
  notice(notice: NoticeEvent): string;
  complete(seq: number, summary: TranscriptSummary, end: AnswerEnd, durationMs: number): string;
  error(seq: number, error: WeirError, delivered: number): string;
  readonly heartbeat: string;
}

/** Where frames go: a client, or the log of a resumable stream, which has them before any client. */
export interface Outlet {
  /** @param now when the frame was made, by `performance.now()`. @returns false when full, until its relay is resumed */
  write(frame: string, now: number): boolean;
  readonly full: boolean;
  /** From now on frames are bytes, one character each. */
  passBytes?(): void;
}

/** One client's connection. */
export interface Sink {
  /** Sends the head and the first frame in one write. */
  open(firstFrame: string): void;
  /** @returns false when the connection did not take all of it: `onDrain` is called when it has */
  write(frame: string): boolean;
  /** The last frame, then the end of the response. */
  end(lastFrame: string): void;
  /** Cuts the connection without an end. */
  destroy(): void;
  onDrain(callback: () => void): void;
  /** Bytes that the connection has taken so far; undefined while none wait. */
  takenWhileWaiting(): number | undefined;
  /** From now on frames are bytes, one character each (Latin-1), and not text. */
  passBytes?(): void;
}
