const SLOTS = 1024;

/**
 * One timer of the process drives all timers of all streams: arming and cancelling are constant time and allocate
 * nothing, and what is due together runs together. Timers fire at most one resolution late (plus the event loop's own
 * lag), never early. Hashed wheel after Varghese and Lauck (1987).
 */
export class TimerWheel {
  readonly #resolution: number;
  /** Lists and no links: to arm or cancel one timer touches no other stream's. */
  readonly #slots: (WheelTimer | undefined)[][] = Array.from({ length: SLOTS }, () => []);
  readonly #start = performance.now();
  #firedAt = 0;
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
    return new CallbackTimer(this, callback);
  }

  /** When the timers that fire now were looked for, by `performance.now()`: in their callbacks a clock for nothing. */
  get firedAt(): number {
    return this.#firedAt;
  }

  /** Timers armed now; a stream that ended must leave none behind. */
  get size(): number {
    return this.#count;
  }

  /** Called by {@link WheelTimer.armAt}; `at` by `performance.now()`. */
  insert(timer: WheelTimer, at: number): void {
    const time = at - this.#start;
    if (this.#count === 0 && !this.#running) this.#tick = Math.floor(this.#now() / this.#resolution);
    const due = Math.max(this.#tick + 1, Math.ceil(time / this.#resolution));
    timer.due = due;
    const slot = this.#slots[due & (SLOTS - 1)] as (WheelTimer | undefined)[];
    timer.place = slot.length;
    slot.push(timer);
    this.#count += 1;
    if (!this.#running && due < this.#wakeAt) this.#sleepUntil(due);
  }

  /** Called by {@link WheelTimer.cancel}. */
  remove(timer: WheelTimer): void {
    const slot = this.#slots[timer.due & (SLOTS - 1)] as (WheelTimer | undefined)[];
    if (timer.place === slot.length - 1) slot.pop();
    else slot[timer.place] = undefined;
    timer.due = -1;
    this.#count -= 1;
  }

  #now(): number {
    return performance.now() - this.#start;
  }

  #sleepUntil(due: number): void {
    clearTimeout(this.#sleep);
    this.#wakeAt = due;
    this.#sleep = setTimeout(() => this.#run(), Math.max(1, due * this.#resolution - this.#now()));
  }

  #run(): void {
    this.#running = true;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#firedAt = performance.now();
    const reached = Math.floor((this.#firedAt - this.#start) / this.#resolution);
    // After a long pause one turn over all slots finds everything that is due.
    const first = Math.max(this.#tick + 1, reached - SLOTS + 1);
    this.#tick = reached;
    for (let tick = first; tick <= reached; tick += 1) {
      this.#fire(this.#slots[tick & (SLOTS - 1)] as (WheelTimer | undefined)[], reached);
    }
    this.#running = false;
    if (this.#count > 0) this.#sleepUntil(this.#nextTick());
  }

  /** A callback may arm and cancel any timer of this slot: what is armed stands at its end, and is not due yet. */
  #fire(slot: (WheelTimer | undefined)[], reached: number): void {
    let kept = 0;
    for (let at = 0; at < slot.length; at += 1) {
      const timer = slot[at];
      if (!timer) continue;
      if (timer.due > reached) {
        slot[at] = undefined;
        slot[kept] = timer;
        timer.place = kept;
        kept += 1;
        continue;
      }
      slot[at] = undefined;
      timer.due = -1;
      this.#count -= 1;
      try {
        timer.fire();
      } catch (error) {
        // One that fails must not stop the others.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    if (slot.length > kept) slot.length = kept;
  }

  /** The next slot that holds anything; its timers may be due a whole turn later, then the wake-up was for nothing. */
  #nextTick(): number {
    for (let ahead = 1; ahead <= SLOTS; ahead += 1) {
      if (this.#slots[(this.#tick + ahead) & (SLOTS - 1)]?.length) return this.#tick + ahead;
    }
    return this.#tick + SLOTS;
  }
}

/**
 * One timer on a wheel; `due` and `place` are the wheel's. What is due for each token extends it, as a callback would
 * be fetched from memory each time.
 */
export abstract class WheelTimer {
  due = -1;
  place = 0;
  protected readonly wheel: TimerWheel;

  constructor(wheel: TimerWheel) {
    this.wheel = wheel;
  }

  /** What is to be done when it is due. */
  abstract fire(): void;

  /** Fires once, `delayMs` from now; an earlier arming is replaced. */
  arm(delayMs: number): void {
    this.armAt(performance.now() + delayMs);
  }

  /** Fires once, at `at` by `performance.now()`; an earlier arming is replaced. */
  armAt(at: number): void {
    if (this.due >= 0) this.wheel.remove(this);
    this.wheel.insert(this, at);
  }

  cancel(): void {
    if (this.due >= 0) this.wheel.remove(this);
  }
}

class CallbackTimer extends WheelTimer {
  readonly #callback: () => void;

  constructor(wheel: TimerWheel, callback: () => void) {
    super(wheel);
    this.#callback = callback;
  }

  fire(): void {
    this.#callback();
  }
}
