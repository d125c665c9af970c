const SLOTS = 1024;

/**
 * One timer of the process drives all timers of all streams: arming and cancelling are constant time and allocate
 * nothing, and what is due together runs together. Timers fire at most one resolution late (plus the event loop's own
 * lag), never early. Hashed wheel after Varghese and Lauck (1987).
 */
export class TimerWheel {
  readonly #resolution: number;
  readonly #slots: (WheelTimer | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #start = performance.now();
  #tick = 0;
  #count = 0;
  #sleep: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #running = false;

  /** @param resolution milliseconds a tick */
  constructor(resolution: number) {
    this.#resolution = resolution;
  }

  /** A timer that is not armed yet. It can be armed again and again, also from its own callback. */
  timer(callback: () => void): WheelTimer {
    return new WheelTimer(this, callback);
  }

  /** Timers armed now; a stream that ended must leave none behind. */
  get size(): number {
    return this.#count;
  }

  /** Called by {@link WheelTimer.arm}. */
  insert(timer: WheelTimer, delayMs: number): void {
    const now = performance.now() - this.#start;
    if (this.#count === 0 && !this.#running) this.#tick = Math.floor(now / this.#resolution);
    const due = Math.max(this.#tick + 1, Math.ceil((now + delayMs) / this.#resolution));
    timer.due = due;
    const slot = due & (SLOTS - 1);
    const head = this.#slots[slot];
    timer.next = head;
    timer.previous = undefined;
    if (head) head.previous = timer;
    this.#slots[slot] = timer;
    this.#count += 1;
    if (!this.#running && due < this.#wakeAt) this.#sleepUntil(due, now);
  }

  /** Called by {@link WheelTimer.cancel}. */
  remove(timer: WheelTimer): void {
    if (timer.previous) timer.previous.next = timer.next;
    else this.#slots[timer.due & (SLOTS - 1)] = timer.next;
    if (timer.next) timer.next.previous = timer.previous;
    timer.next = undefined;
    timer.previous = undefined;
    timer.due = -1;
    this.#count -= 1;
  }

  #sleepUntil(due: number, now: number): void {
    clearTimeout(this.#sleep);
    this.#wakeAt = due;
    this.#sleep = setTimeout(() => this.#run(), Math.max(1, due * this.#resolution - now));
  }

  #run(): void {
    this.#running = true;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const reached = Math.floor((performance.now() - this.#start) / this.#resolution);
    // After a long pause one turn over all slots finds everything that is due.
    const first = Math.max(this.#tick + 1, reached - SLOTS + 1);
    this.#tick = reached;
    for (let tick = first; tick <= reached; tick += 1) this.#fire(tick & (SLOTS - 1), reached);
    this.#running = false;
    if (this.#count > 0) this.#sleepUntil(this.#nextTick(), performance.now() - this.#start);
  }

  /** A callback may arm and cancel any timer, so each time the slot is looked at anew. */
  #fire(slot: number, reached: number): void {
    for (;;) {
      let timer = this.#slots[slot];
      while (timer && timer.due > reached) timer = timer.next;
      if (!timer) return;
      this.remove(timer);
      timer.fire();
    }
  }

  /** The next slot that holds anything; its timers may be due a whole turn later, then the wake-up was for nothing. */
  #nextTick(): number {
    for (let ahead = 1; ahead <= SLOTS; ahead += 1) {
      if (this.#slots[(this.#tick + ahead) & (SLOTS - 1)]) return this.#tick + ahead;
    }
    return this.#tick + SLOTS;
  }
}

/** One timer on a wheel; the fields below are the wheel's. */
export class WheelTimer {
  next: WheelTimer | undefined;
  previous: WheelTimer | undefined;
  due = -1;
  readonly #wheel: TimerWheel;
  readonly #callback: () => void;

  constructor(wheel: TimerWheel, callback: () => void) {
    this.#wheel = wheel;
    this.#callback = callback;
  }

  /** Fires once, `delayMs` from now; an earlier arming is replaced. */
  arm(delayMs: number): void {
    if (this.due >= 0) this.#wheel.remove(this);
    this.#wheel.insert(this, delayMs);
  }

  cancel(): void {
    if (this.due >= 0) this.#wheel.remove(this);
  }

  fire(): void {
    this.#callback();
  }
}
