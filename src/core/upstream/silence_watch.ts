import type { TimerWheel, WheelTimer } from '../time/timer_wheel.ts';

/**
 * Calls back when nothing was heard for `limitMs`. `touch` is one clock read, so it can stand on the path of every
 * read; the timer finds out afterwards. While held, silence is our own doing and doesn't count.
 */
export class SilenceWatch implements Disposable {
  readonly #timer: WheelTimer;
  readonly #limit: number;
  #last = performance.now();
  #held = false;

  constructor(wheel: TimerWheel, limitMs: number, onSilent: () => void) {
    this.#limit = limitMs;
    this.#timer = wheel.timer(() => {
      const silence = this.#held ? 0 : performance.now() - this.#last;
      if (silence >= this.#limit) onSilent();
      else this.#timer.arm(this.#limit - silence);
    });
    this.#timer.arm(limitMs);
  }

  touch(): void {
    this.#last = performance.now();
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#last = performance.now();
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}
