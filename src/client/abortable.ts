/** Resolves after a time, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done);
  });
}

/**
 * Settles as the promise does, or rejects with the signal's reason: some transports can't be interrupted while they
 * wait for a connection.
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * The signal of one connection: aborts when the caller's does, and when the connection is silent for too long. One
 * timer looks again and again; a touch costs a clock read, whatever the rate of bytes.
 */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #limitMs: number;
  readonly #onAbort = () => this.#controller.abort(this.#outer?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #touchedAt = performance.now();
  #isHeld = false;

  /** @param limitMs of silence; undefined: for ever */
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

  /** Why the connection was given up; undefined where it was not silent. */
  silence: string | undefined;

  /** A byte came, or the client went on after a {@link hold}. */
  touch(): void {
    this.#touchedAt = performance.now();
    this.#isHeld = false;
  }

  /** The client itself does not read at the moment, so silence says nothing. */
  hold(): void {
    this.#isHeld = true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    const silentMs = performance.now() - this.#touchedAt;
    // Timers may be a little early.
    if (this.#isHeld || silentMs < this.#limitMs - 1) {
      this.#arm(this.#isHeld ? this.#limitMs : this.#limitMs - silentMs);
      return;
    }
    this.silence = `no byte came for ${this.#limitMs / 1000} s`;
    this.#controller.abort(new Error(this.silence));
  }
}
