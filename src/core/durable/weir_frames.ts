import type { WeirError } from '../../formats/error_code.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { Encoder } from '../stream/encoder.ts';
import type { TranscriptSummary } from '../stream/transcript.ts';
import type { AnswerEnd } from '../upstream/upstream.ts';
import { eventId } from './cursor.ts';
import { EventPacker, unpackEvent } from './event_entries.ts';
import type { LogFrames } from './log_format.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** A stream of `/api/v1/stream` without parts: its log holds plain text, and the frames are made when they are sent. */
export class TextFrames implements LogFrames {
  readonly heartbeat: string;
  readonly remakesEnd = true;
  readonly joins: boolean = false;
  readonly error: LogFrames['error'];
  readonly #encoder: Encoder;

  constructor(encoder: Encoder, error: (id: string, error: WeirError) => string) {
    this.heartbeat = encoder.heartbeat;
    this.error = error;
    this.#encoder = encoder;
  }

  head(): string {
    return this.#encoder.status(0);
  }

  add(text: string, entries: string[]): void {
    entries.push(text);
  }

  frame(entries: readonly string[], seq: number): string {
    return this.#encoder.chunk(seq, entries[seq - 1] as string, seq);
  }

  numbersOf(): number {
    return 1;
  }

  terminal(terminal: string): string {
    return terminal;
  }

  notice(notice: NoticeEvent): string {
    return this.#encoder.notice(notice);
  }
}

/** A stream of `/api/v1/stream` with parts: its log holds events without their ids. */
export class WeirPartFrames extends TextFrames {
  override readonly joins = true;
  readonly #current: () => ResumableRecord;
  readonly #packer = new EventPacker();

  constructor(encoder: Encoder, error: LogFrames['error'], current: () => ResumableRecord) {
    super(encoder, error);
    this.#current = current;
  }

  override add(event: string, entries: string[]): void {
    entries.push(this.#packer.pack(event, entries.length + 1));
  }

  override frame(entries: readonly string[], seq: number): string {
    return `id: ${eventId(this.#current(), seq)}\n${unpackEvent(entries, seq)}`;
  }
}

/** Writes the entries of such streams. The first event is no entry: see {@link TextFrames.head}. The end is a frame. */
export class EntryEncoder implements Encoder {
  readonly heartbeat: string;
  readonly wantsParts: boolean;
  readonly #encoder: Encoder;

  /** @param encoder of the client's frames */
  constructor(encoder: Encoder) {
    this.heartbeat = encoder.heartbeat;
    this.wantsParts = encoder.wantsParts;
    this.#encoder = encoder;
  }

  status(): string {
    return '';
  }

  chunk(seq: number, text: string, index: number): string {
    return this.wantsParts ? withoutId(this.#encoder.chunk(seq, text, index)) : text;
  }

  part(seq: number, part: AnswerPart): string {
    return withoutId(this.#encoder.part(seq, part));
  }

  notice(notice: NoticeEvent): string {
    return this.#encoder.notice(notice);
  }

  complete(seq: number, summary: TranscriptSummary, end: AnswerEnd, durationMs: number): string {
    return this.#encoder.complete(seq, summary, end, durationMs);
  }

  error(seq: number, error: WeirError, delivered: number): string {
    return this.#encoder.error(seq, error, delivered);
  }
}

/** @param event whose first line is its id */
function withoutId(event: string): string {
  return event.slice(event.indexOf('\n') + 1);
}
