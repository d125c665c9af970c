import type { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { SpanBegin } from '../observe/stream_span.ts';
import type { Encoder } from '../stream/encoder.ts';
import type { AnswerEnd, Delivered, UpstreamRequest } from '../upstream/upstream.ts';
import type { KeptRequest } from './kept_request.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** The version of logs of other than plain text. An instance goes on with no stream whose version it does not know. */
export const LOG_VERSION = 2;

/** Who reads a stream. */
export interface ReaderWish {
  /** What is there now, and an end: for peers, who would wait for more. */
  now?: boolean;
  /** A reader that is beyond the log is refused by peers with a status, and not with an event. */
  refusesRegressed?: boolean;
  /** Whether each event is to have an `id:` line, in formats that have none by themselves. */
  withIds: boolean;
}

/** How one stream is kept in the log, entry by entry, and made into frames again, for whichever reader. */
export interface LogFrames {
  readonly heartbeat: string;
  /** Whether the end is written again where it comes under another epoch, as that is a part of it. */
  readonly remakesEnd: boolean;
  /** Whether several entries may leave in one write. */
  readonly joins: boolean;
  /** What comes before the first entry. */
  head(): string;
  /** Adds the entries of a frame; each takes a sequence number. @param alone each has to be readable without others */
  add(frame: string, entries: string[], alone: boolean): void;
  /** @param seq of the entry, from 1 */
  frame(entries: readonly string[], seq: number, wish: ReaderWish): string;
  /** How many sequence numbers a terminal takes. */
  numbersOf(terminal: string): number;
  /** @param from its first sequence number; @param skip so many of its events the reader has */
  terminal(terminal: string, from: number, skip: number, wish: ReaderWish): string;
  /** @returns an empty text for a reader that would have no use for it */
  notice(notice: NoticeEvent, wish: ReaderWish): string;
  /** An error that is not in the log. @param id of its event */
  error(id: string, error: WeirError): string;
}

/** A stream as another instance goes on with it. */
export interface ResumedStream {
  /** Writes what follows. */
  encoder: Encoder;
  /** All text that was said. */
  texts: readonly string[];
  /** All that was said, where its writer can go on after any of it: for providers that say the same again. */
  said?: Delivered;
  /** Whether text can follow: neither reasoning nor a tool call was under way. */
  canGoOn: boolean;
  /** Set where the answer was over, but for its terminal. */
  ended: AnswerEnd | undefined;
}

/** What differs between the client formats of resumable streams. */
export interface LogFormat {
  /** In traces. */
  readonly endpoint: SpanBegin['endpoint'];
  /** How long a stream goes on without a reader, in milliseconds. */
  readonly graceMs: number;
  /** A longer log, in UTF-16 units, ends the stream, or only that it can be resumed. */
  readonly limit: { units: number; ends: 'stream' | 'resumability' };
  /** @returns by which other name than its id a client may ask for the stream, as its first events say */
  nameOf?(frame: string, record: ResumableRecord): string | undefined;
  /** @param current asked anew for each frame, as a stream's epoch may change */
  frames(record: ResumableRecord, current: () => ResumableRecord): LogFrames;
  /** What the provider of `record` is asked, for an answer in parts. @throws WeirError */
  request(kept: KeptRequest, record: ResumableRecord): UpstreamRequest;
  /** Reads what was said, to go on after it. */
  resume(
    entries: readonly string[],
    record: ResumableRecord,
    kept: KeptRequest | undefined,
    current: () => ResumableRecord,
  ): ResumedStream;
}

/** The formats that an instance knows, by {@link ResumableRecord.format}; plain text of `/api/v1/stream` is `text`. */
export type LogFormats = ReadonlyMap<string, LogFormat>;

/** @returns undefined where this instance does not know the stream's format, or the version of its log */
export function logFormatOf(formats: LogFormats, { log, format }: ResumableRecord): LogFormat | undefined {
  if (log === undefined) return formats.get('text');
  return log === LOG_VERSION && format !== undefined ? formats.get(format) : undefined;
}
