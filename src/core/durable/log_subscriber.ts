import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import { ClientWriter } from '../stream/client_writer.ts';
import type { Encoder, Sink } from '../stream/encoder.ts';
import type { TimerWheel } from '../time/timer_wheel.ts';

/** A stream as a reader sees it: one that still runs, or one that is over and was read from the store. */
export interface ResumableSource {
  readonly contents: readonly string[];
  readonly committed: number;
  readonly over: boolean;
  readonly terminal: string | undefined;
  readonly encoder: Encoder;
  readonly standing?: NoticeEvent | undefined;
  attach(reader: LogSubscriber): void;
  detach(reader: LogSubscriber): void;
}

/**
 * One client of a stream: a place in its text that moves on as fast as the client reads. Nothing waits for it: what it
 * has not got yet stays in the text, so a slow one costs no memory, and does not hold the provider back.
 */
export class LogSubscriber {
  readonly #source: ResumableSource;
  readonly #writer: ClientWriter;
  readonly #done: () => void;
  #at: number;

  /**
   * @param after sequence number that the client has; -1 sends everything, the status first
   * @param done called once, when nothing more will be sent
   */
  constructor(source: ResumableSource, sink: Sink, wheel: TimerWheel, after: number, done: () => void) {
    this.#source = source;
    this.#done = done;
    this.#at = Math.max(0, after);
    const { encoder } = source;
    this.#writer = new ClientWriter(
      sink,
      wheel,
      encoder.heartbeat,
      () => this.pump(),
      () => this.cut(),
    );
    source.attach(this);
    this.#writer.open(after < 0 ? encoder.status(0) : encoder.heartbeat);
    if (source.standing) this.notice(source.standing);
    this.pump();
  }

  /** Sends what is there, as far as there is room. */
  pump(): void {
    const source = this.#source;
    const now = performance.now();
    while (!this.#writer.full && this.#at < source.committed) {
      this.#at += 1;
      const text = source.contents[this.#at - 1] as string;
      this.#writer.write(source.encoder.chunk(this.#at, text, this.#at), now);
    }
    if (!source.over || this.#writer.full || this.#at < source.committed) return;
    this.#writer.end(source.terminal as string);
    this.#leave();
  }

  notice(notice: NoticeEvent): void {
    this.#writer.write(this.#source.encoder.notice(notice), performance.now());
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
