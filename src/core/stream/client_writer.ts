import { HEARTBEAT_MS, SLOW_CLIENT_MS } from '../../formats/timing.ts';
import type { TimerWheel, WheelTimer } from '../time/timer_wheel.ts';
import type { Outlet } from './encoder.ts';

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

/**
 * One client of a stream: passes frames to its sink, fills silence, and notices a client that no longer reads.
 * Per frame it costs one comparison and one clock read; its one timer looks after everything else.
 */
export class ClientWriter implements Outlet {
  readonly #sink: Sink;
  readonly #heartbeat: string;
  readonly #timer: WheelTimer;
  readonly #onSlow: () => void;
  #full = false;
  /** In whole milliseconds: V8 keeps those inside the object, and a fraction in a place of its own. */
  #lastWrite = 0;
  #taken: number | undefined;
  #stuckSince = 0;
  #ended = false;

  /** @param onRoom there is room again; @param onSlow the client has stopped reading, and is to be given up */
  constructor(sink: Sink, wheel: TimerWheel, heartbeat: string, onRoom: () => void, onSlow: () => void) {
    this.#sink = sink;
    this.#heartbeat = heartbeat;
    this.#onSlow = onSlow;
    this.#timer = wheel.timer(() => this.#look());
    sink.onDrain(() => {
      if (!this.#full || this.#ended) return;
      this.#full = false;
      onRoom();
    });
  }

  get full(): boolean {
    return this.#full;
  }

  passBytes(): void {
    this.#sink.passBytes?.();
  }

  open(firstFrame: string): void {
    this.#lastWrite = Math.trunc(performance.now());
    this.#sink.open(firstFrame);
    this.#timer.arm(HEARTBEAT_MS);
  }

  write(frame: string, now: number): boolean {
    if (this.#ended) return true;
    this.#lastWrite = Math.trunc(now);
    if (!this.#sink.write(frame)) this.#full = true;
    return !this.#full;
  }

  /** The last frame, once; later calls do nothing. */
  end(lastFrame: string): void {
    if (this.#ended) return;
    this.close();
    this.#sink.end(lastFrame);
  }

  /** The client is gone: no more bytes, no more timers. */
  close(): void {
    this.#ended = true;
    this.#timer.cancel();
  }

  /** Cuts the client off, so that it sees a truncation and not an end. */
  cut(): void {
    this.close();
    this.#sink.destroy();
  }

  #look(): void {
    const now = performance.now();
    const taken = this.#sink.takenWhileWaiting();
    if (taken === undefined || taken !== this.#taken) {
      this.#taken = taken;
      this.#stuckSince = now;
    } else if (now - this.#stuckSince >= SLOW_CLIENT_MS) {
      this.#onSlow();
      return;
    }
    const silence = now - this.#lastWrite;
    if (!this.#full && silence >= HEARTBEAT_MS) this.write(this.#heartbeat, now);
    this.#timer.arm(taken === undefined && silence < HEARTBEAT_MS ? HEARTBEAT_MS - silence : HEARTBEAT_MS / 2);
  }
}
