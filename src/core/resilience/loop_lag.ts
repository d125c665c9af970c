import { WeirError } from '../../formats/error_code.ts';

const LOOK_MS = 250;
/** Tokens that are this late are of no use; more streams would make all of them later. */
export const MAX_LAG_MS = 1_000;

/** As much as a single look may count: half of it, once, is below the limit. */
const ONE_PAUSE_MS = 1.9 * MAX_LAG_MS;

/** How far the event loop is behind, by a timer that knows when it should have come. */
export class LoopLag {
  readonly #now: () => number;
  #due: number;
  #lag = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#due = now() + LOOK_MS;
  }

  /** Looks four times a second, and keeps no process alive for it. @returns the way to stop */
  start(): () => void {
    const timer = setInterval(() => this.look(), LOOK_MS).unref();
    return () => clearInterval(timer);
  }

  look(): void {
    const now = this.#now();
    // One late look is a pause, however long; an instance that is overloaded is late again and again.
    const late = Math.min(Math.max(0, now - this.#due), ONE_PAUSE_MS);
    this.#lag = (this.#lag + late) / 2;
    this.#due = now + LOOK_MS;
  }

  /** @throws WeirError service_unavailable while new streams would make this instance collapse */
  refuseWhenBehind(): void {
    if (this.#lag <= MAX_LAG_MS) return;
    throw new WeirError('service_unavailable', {
      message: 'This instance is overloaded; try again in a few seconds.',
      details: { reason: 'overloaded', lag_ms: Math.round(this.#lag) },
      retryAfter: 2,
    });
  }
}
