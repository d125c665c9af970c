/**
 * The signal of one connection: it aborts with the caller's signal, and when no data arrives for too long. One timer
 * checks repeatedly, so that a touch costs only a clock read.
 */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #limitMs: number;
  readonly #onAbort = () => this.#controller.abort(this.#outer?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #touchedAt = performance.now();
  #isHeld = false;

  /** @param limitMs longest silence; undefined: no limit */
  constructor(limitMs: number | undefined, outer: AbortSignal | undefined) {
    this.#limitMs = limitMs ?? 0;
    this.#outer = outer;
    if (limitMs !== undefined) this.#arm(limitMs);
    if (outer?.aborted) this.#onAbort();
    else outer?.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the connection was aborted; undefined if it was not silent. */
  silence: string | undefined;

  /** Data arrived, or the client continued after a {@link hold}. */
  touch(): void {
    this.#touchedAt = performance.now();
    this.#isHeld = false;
  }

  /** The client does not read at the moment, so silence is expected. */
  hold(): void {
    this.#isHeld = true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const silentMs = performance.now() - this.#touchedAt;
    // Timers may fire slightly early.
    if (this.#isHeld || silentMs < this.#limitMs - 1) {
      this.#arm(this.#isHeld ? this.#limitMs : this.#limitMs - silentMs);
      return;
    }
    this.silence = `no data for ${this.#limitMs / 1000} s`;
    this.#controller.abort(new Error(this.silence));
  }
}
