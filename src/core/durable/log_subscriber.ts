import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import { ClientWriter } from '../stream/client_writer.ts';
import type { Sink } from '../stream/encoder.ts';
import type { TimerWheel } from '../time/timer_wheel.ts';
import type { LogFrames, ReaderWish } from './log_format.ts';

/** So much leaves in one write, in UTF-16 units, where entries are joined. */
const JOINED = 16_384;

/** A stream as a reader sees it: one that still runs, or one that is over and was read from the store. */
export interface ResumableSource {
  readonly contents: readonly string[];
  readonly committed: number;
  readonly over: boolean;
  readonly terminal: string | undefined;
  readonly frames: LogFrames;
  readonly standing?: NoticeEvent | undefined;
  attach(reader: LogSubscriber): void;
  detach(reader: LogSubscriber): void;
  /** The reader has moved on. */
  onRead?: (() => void) | undefined;
}

/** Where a reader begins, and what it wants. */
export interface ReaderStart extends ReaderWish {
  /** Sequence number of the last event that the client has; -1 where it has none, not even the first. */
  after: number;
}

/**
 * One client of a stream: a place in its text that moves on as fast as the client reads. Nothing waits for it: what it
 * has not got yet stays in the text, so a slow one costs no memory, and does not hold the provider back.
 */
export class LogSubscriber {
  readonly #source: ResumableSource;
  readonly #writer: ClientWriter;
  readonly #start: ReaderStart;
  readonly #done: () => void;
  #at: number;

  /** @param done called once, when nothing more will be sent */
  constructor(source: ResumableSource, sink: Sink, wheel: TimerWheel, start: ReaderStart, done: () => void) {
    this.#source = source;
    this.#start = start;
    this.#done = done;
    this.#at = Math.max(0, start.after);
    const { frames } = source;
    this.#writer = new ClientWriter(
      sink,
      wheel,
      frames.heartbeat,
      () => this.pump(),
      () => this.cut(),
    );
    source.attach(this);
    this.#writer.open(start.after < 0 ? frames.head() : frames.heartbeat);
    if (source.standing) this.notice(source.standing);
    this.pump();
  }

  /** The last sequence number that was sent. */
  get at(): number {
    return this.#at;
  }

  /** Sends what is there, as far as there is room. */
  pump(): void {
    const source = this.#source;
    const now = performance.now();
    while (!this.#writer.full && this.#at < source.committed) this.#writer.write(this.#next(source), now);
    source.onRead?.();
    if (!source.over || this.#writer.full || this.#at < source.committed) return;
    const { frames, committed, terminal } = source;
    this.#writer.end(frames.terminal(terminal as string, committed + 1, this.#at - committed, this.#start));
    this.#leave();
  }

  #next({ frames, contents, committed }: ResumableSource): string {
    this.#at += 1;
    let frame = frames.frame(contents, this.#at, this.#start);
    while (frames.joins && this.#at < committed && frame.length < JOINED) {
      this.#at += 1;
      frame += frames.frame(contents, this.#at, this.#start);
    }
    return frame;
  }

  notice(notice: NoticeEvent): void {
    const frame = this.#source.frames.notice(notice, this.#start);
    if (frame !== '') this.#writer.write(frame, performance.now());
  }

  /** Cuts the client off; it may come back. */
  cut(): void {
    this.#writer.cut();
    this.#leave();
  }

  /** The client is gone. */
  close(): void {
    this.#writer.close();
    this.#leave();
  }

  #leave(): void {
    this.#source.detach(this);
    this.#done();
  }
}
