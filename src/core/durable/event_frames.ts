import type { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import { HEARTBEAT, noticeComment } from '../../formats/weir/weir_encoder.ts';
import { eventId } from './cursor.ts';
import { EventPacker, splitEvents, unpackEvent, withId } from './event_entries.ts';
import type { LogFrames, ReaderWish } from './log_format.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** A stream whose log holds the client's events, as they were first sent, each with a number of its own. */
export class EventFrames implements LogFrames {
  readonly heartbeat = HEARTBEAT;
  readonly remakesEnd = false;
  readonly joins = true;
  readonly #current: () => ResumableRecord;
  readonly #writeError: (error: WeirError) => string;
  readonly #packer = new EventPacker();

  /** @param writeError the events of an error, in the client's format */
  constructor(current: () => ResumableRecord, writeError: (error: WeirError) => string) {
    this.#current = current;
    this.#writeError = writeError;
  }

  /** All of it is in the log. */
  head(): string {
    return '';
  }

  add(frame: string, entries: string[], alone: boolean): void {
    for (const event of splitEvents(frame)) entries.push(this.#packer.pack(event, entries.length + 1, alone));
  }

  frame(entries: readonly string[], seq: number, { withIds }: ReaderWish): string {
    const event = unpackEvent(entries, seq);
    return withIds ? withId(event, eventId(this.#current(), seq)) : event;
  }

  numbersOf(terminal: string): number {
    return splitEvents(terminal).length;
  }

  terminal(terminal: string, from: number, skip: number, { withIds }: ReaderWish): string {
    if (skip === 0 && !withIds) return terminal;
    const record = this.#current();
    return splitEvents(terminal)
      .map((event, at) => (withIds ? withId(event, eventId(record, from + at)) : event))
      .slice(skip)
      .join('');
  }

  /** Clients that did not ask for any of this get what they always got. */
  notice(notice: NoticeEvent, { withIds }: ReaderWish): string {
    return withIds ? noticeComment(notice) : '';
  }

  error(_id: string, error: WeirError): string {
    return this.#writeError(error);
  }
}
