import { Samples } from './samples.ts';

const EVERY_MS = 20;

/** How late the event loop comes to what is due: what a closed loop has instead of a schedule. */
export class LagMeter {
  readonly samples = new Samples();
  readonly #timer: ReturnType<typeof setInterval>;
  #lastMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.samples.add(Math.max(0, now - this.#lastMs - EVERY_MS));
      this.#lastMs = now;
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
