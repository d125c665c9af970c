import { WeirError } from '../../formats/error_code.ts';
import { BACKGROUND_LIFE_MS, STREAM_LIFE_MS } from '../../formats/timing.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { StreamSpan } from '../observe/stream_span.ts';
import type { Outlet } from '../stream/encoder.ts';
import type { WheelTimer } from '../time/timer_wheel.ts';
import type { LoggedStream } from './group_log.ts';
import type { KeptRequest } from './kept_request.ts';
import type { LogFrames } from './log_format.ts';
import { idRecord, terminalRecord, textRecord } from './log_record.ts';
import type { LogSubscriber } from './log_subscriber.ts';
import { LOGGED_AGAIN, TOO_LONG, UNLOGGED } from './resumable_notices.ts';
import type { ResumableOptions } from './resumable_options.ts';
import type { ResumableRecord } from './resumable_record.ts';
import { UnkeptRest } from './unkept_rest.ts';

/** This much may wait for its commit; then the provider is throttled. */
const MAX_WAITING = 256 * 1024;

/**
 * A resumable stream on the instance that produces it: all that was said, how far it is committed, and its readers. It
 * outlives any reader: without one it goes on for a while and then ends itself.
 */
export class ResumableStream implements LoggedStream, Outlet {
  record: ResumableRecord;
  readonly request: KeptRequest | undefined;
  readonly frames: LogFrames;
  /** The entries of its log; of `/api/v1/stream` without parts they are its text. */
  readonly contents: string[];
  readonly readers = new Set<LogSubscriber>();
  readonly abort = new AbortController();
  /** Of its part on this instance; undefined where traces are off. */
  readonly span: StreamSpan | undefined;
  /** Frames that are in the log and not checkpointed lie in this group or later ones. */
  oldestGroup: number;
  checkpointedAt = performance.now();
  /** There is room again for the provider, which was stopped when there was none. */
  onRoom: () => void = () => {};
  /** Those of its provider that its first reader gets. */
  headers: Readonly<Record<string, string>> = {};
  /** A reader has moved on. Set while that matters. */
  onRead: (() => void) | undefined;
  /** Whether it has no reader. */
  onDetached: (detached: boolean) => void = () => {};
  readonly #options: ResumableOptions;
  readonly #opened = Promise.withResolvers<void>();
  readonly #graceTimer: WheelTimer;
  readonly #lifeTimer: WheelTimer;
  #committed: number;
  #size: number;
  #waiting = 0;
  #unlogged = false;
  #terminal: string | undefined;
  #endFrame: (() => string) | undefined;
  #terminalCommitted: (() => void) | undefined;
  /** What is written is bytes, one character each. */
  #bytes = false;
  /** Undefined while it is kept. */
  #rest: UnkeptRest | undefined;
  /** Whether readers may come. */
  isOpen = false;
  /** The log has to catch up. */
  full = false;
  /** The terminal may go to readers. */
  over = false;
  /** Another instance has it now, or shall have it. */
  gone = false;

  constructor(options: ResumableOptions) {
    const { record, wheel, log } = options;
    const before = options.before ?? [];
    this.#options = options;
    this.record = record;
    this.request = options.request;
    this.frames = options.frames;
    this.span = options.span;
    this.contents = before;
    this.#committed = before.length;
    this.#size = before.reduce((sum, text) => sum + text.length, 0);
    this.oldestGroup = log.horizon;
    this.#logId();
    this.#graceTimer = wheel.timer(() => record.background || this.abort.abort(new WeirError('cancelled')));
    this.#lifeTimer = wheel.timer(() => this.abort.abort(new WeirError('limit_exceeded')));
    this.#opened.promise.catch(() => {});
    if (options.before) {
      this.#graceTimer.arm(this.#options.graceMs);
      this.open();
    }
    const lifeMs = record.background ? BACKGROUND_LIFE_MS : STREAM_LIFE_MS;
    this.#lifeTimer.arm(Math.max(0, lifeMs - options.ageMs));
  }

  /** Last sequence number that readers may have; the terminal is the one after the last text. */
  get committed(): number {
    return this.#committed;
  }

  /** The frame of the end; undefined before it. */
  get terminal(): string | undefined {
    return this.#terminal;
  }

  /**
   * Resolves when it may be read; rejects with the refusal where its provider failed before its head, which is then
   * the answer to everybody who has asked for it.
   */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Its provider has answered, or takes its time: whatever fails now is part of the stream. */
  open(): void {
    this.isOpen = true;
    this.#opened.resolve();
  }

  /** Nothing has begun. */
  refuse(error: unknown): void {
    this.#opened.reject(error);
  }

  /** Whether it is in the log: only then can it be read on other connections, and by other instances. */
  get isKept(): boolean {
    return this.#rest === undefined;
  }

  passBytes(): void {
    this.#bytes = true;
  }

  /** The next frame. @returns false when the log has to catch up first: {@link onRoom} is called when it has */
  write(frame: string): boolean {
    if (frame === '') return !this.full;
    const { contents, record } = this;
    const first = contents.length + 1;
    const text = this.#decoded(frame);
    this.frames.add(text, contents, !this.isKept);
    const last = contents.length;
    let records = '';
    for (let seq = first; seq <= last; seq += 1) {
      const entry = contents[seq - 1] as string;
      this.#size += entry.length;
      this.#waiting += entry.length;
      records += textRecord(record.number, seq, entry);
    }
    if (!this.isKept) return this.#passOn();
    if (first === 1) this.#options.onBegun?.(text);
    this.#options.log.add(this, last, records, first === 1);
    if (this.#size > this.#options.limit.units) this.#endAtLimit();
    this.full = this.#waiting >= MAX_WAITING;
    return !this.full;
  }

  readonly #decoded = (frame: string): string => (this.#bytes ? Buffer.from(frame, 'latin1').toString() : frame);

  #endAtLimit(): void {
    if (this.#options.limit.ends === 'stream') {
      this.abort.abort(new WeirError('limit_exceeded'));
      return;
    }
    this.#rest = new UnkeptRest(this.contents.length);
    this.oldestGroup = Number.POSITIVE_INFINITY;
    this.#options.onTooLong?.();
    if (this.readers.size === 0) this.abort.abort(new WeirError('cancelled'));
    this.onRead = () => {
      this.#waiting = (this.#rest as UnkeptRest).forgetRead(this.contents, this.readers);
      if (this.full) this.#makeRoom();
    };
    this.notice(TOO_LONG);
    this.#passOn();
  }

  /** Sends what is kept no longer to the readers that are there. @returns as {@link write} */
  #passOn(): boolean {
    this.full = false;
    this.#committed = this.contents.length;
    for (const reader of this.readers) reader.pump();
    this.full = this.#waiting >= MAX_WAITING;
    return !this.full;
  }

  #makeRoom(): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.full = false;
    this.onRoom();
  }

  /** What a reader should know from the start, beside the text. */
  get standing(): NoticeEvent | undefined {
    return this.#unlogged ? UNLOGGED : this.#options.standing;
  }

  /**
   * Logs the end; resolves when it is committed. Readers get it with {@link deliverEnd}.
   * @param frame asked again when the stream comes under another epoch before it is committed
   */
  logEnd(frame: () => string): Promise<void> {
    this.#endFrame = frame;
    this.#terminal = this.#decoded(frame());
    if (this.contents.length === 0) this.#options.onBegun?.(this.#terminal);
    this.#lifeTimer.cancel();
    if (!this.isKept) return Promise.resolve();
    return new Promise((resolve) => {
      this.#terminalCommitted = resolve;
      const seq = this.contents.length + 1;
      this.#options.log.add(this, seq, terminalRecord(this.record.number, seq, this.#terminal as string), true);
    });
  }

  deliverEnd(): void {
    this.over = true;
    this.#graceTimer.cancel();
    for (const reader of this.readers) reader.pump();
  }

  /** Its text up to `seq` is kept apart from the log; what is logged from group `horizon` on may not be. */
  checkpointed(seq: number, horizon: number): void {
    this.record.checkpoint = seq;
    this.oldestGroup = horizon;
    this.checkpointedAt = performance.now();
    // The line that named it is about to be trimmed.
    this.#logId();
  }

  /** Puts what the new log does not hold yet into it, under the new owner's name. */
  logAgain(): void {
    if (!this.isKept) return;
    const { log } = this.#options;
    const { number, checkpoint } = this.record;
    this.oldestGroup = log.horizon;
    this.#logId();
    for (let seq = checkpoint + 1; seq <= this.contents.length; seq += 1) {
      log.add(this, seq, textRecord(number, seq, this.contents[seq - 1] as string), false);
    }
    if (!this.#endFrame) return;
    if (!this.over && this.frames.remakesEnd) this.#terminal = this.#endFrame();
    const seq = this.contents.length + 1;
    log.add(this, seq, terminalRecord(number, seq, this.#terminal as string), true);
  }

  commitTo(seq: number, logged: boolean): void {
    if (!logged && !this.#unlogged) {
      this.#unlogged = true;
      this.#options.onUnlogged?.();
      this.notice(UNLOGGED);
    }
    if (seq > this.contents.length) {
      this.#terminalCommitted?.();
      seq = this.contents.length;
    }
    if (seq <= this.#committed) return;
    for (let at = this.#committed; at < seq; at += 1) this.#waiting -= (this.contents[at] as string).length;
    this.#committed = seq;
    for (const reader of this.readers) reader.pump();
    // Not for each token: the way back to its provider leads through objects that were not touched for long.
    if (this.full) this.#makeRoom();
  }

  loggedAgain(): void {
    this.#unlogged = false;
    this.notice(LOGGED_AGAIN);
  }

  notice(notice: NoticeEvent): void {
    for (const reader of this.readers) reader.notice(notice);
  }

  attach(reader: LogSubscriber): void {
    this.readers.add(reader);
    this.#graceTimer.cancel();
    if (this.readers.size === 1) this.onDetached(false);
  }

  detach(reader: LogSubscriber): void {
    if (!this.readers.delete(reader) || this.over || this.gone) return;
    this.onRead?.();
    if (this.readers.size > 0) return;
    if (!this.isKept) this.abort.abort(new WeirError('cancelled'));
    this.#graceTimer.arm(this.#options.graceMs);
    this.onDetached(true);
  }

  /** From the first frame on recovery must know whose number it is; in silence, soon. */
  #logId(): void {
    const { number, id } = this.record;
    this.#options.log.note(idRecord(number, id));
  }

  /** Ends it here without an end: its readers are cut, come back, and find the instance that goes on with it. */
  leave(): void {
    this.gone = true;
    this.#graceTimer.cancel();
    this.#lifeTimer.cancel();
    this.abort.abort(new WeirError('producer_lost'));
    this.#terminalCommitted?.();
    this.#opened.resolve();
    for (const reader of [...this.readers]) reader.cut();
  }
}
