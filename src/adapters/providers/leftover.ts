import type { Dispatcher } from 'undici';
import type { TimerWheel, WheelTimer } from '../../core/time/timer_wheel.ts';
import { WeirError } from '../../formats/error_code.ts';

/** After its last event an answer has little left to say: this much, in bytes … */
const MAX_BYTES = 16 * 1024;
/** … and within this time. */
const MAX_MS = 5_000;

/** What comes after all was said. If it ends soon, the connection may serve again; else it is given up. */
export class Leftover {
  readonly #controller: Dispatcher.DispatchController | undefined;
  readonly #timer: WheelTimer;
  #bytes = 0;

  constructor(controller: Dispatcher.DispatchController | undefined, wheel: TimerWheel) {
    this.#controller = controller;
    this.#timer = wheel.timer(() => this.#giveUp());
    this.#timer.arm(MAX_MS);
  }

  drop(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_BYTES) this.#giveUp();
  }

  end(): void {
    this.#timer.cancel();
  }

  #giveUp(): void {
    this.#controller?.abort(new WeirError('cancelled'));
  }
}
