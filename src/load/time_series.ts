/** State of the run at one moment, for charts. */
export interface SeriesPoint {
  /** Since the start of the run. */
  t_ms: number;
  active: number;
  /** Completed. */
  ok: number;
  /** Answered 429 or 503. */
  refused: number;
  /** Ended in another way. */
  failed: number;
}

const FIRST_STEP_MS = 100;
const MAX_POINTS = 600;

/** The course of a run at even steps. Above {@link MAX_POINTS} points, every second one is removed and the step doubles. */
export class TimeSeries {
  #stepMs = FIRST_STEP_MS;
  #points: SeriesPoint[] = [];
  #last: Omit<SeriesPoint, 't_ms'> = { active: 0, ok: 0, refused: 0, failed: 0 };

  /** Sets the state from `tMs` on; earlier steps repeat the previous state. */
  set(tMs: number, state: Omit<SeriesPoint, 't_ms'>): void {
    this.#fill(tMs);
    this.#last = state;
  }

  /** All points, the last of them at `nowMs`. */
  points(nowMs: number): SeriesPoint[] {
    this.#fill(nowMs);
    return [...this.#points, { t_ms: nowMs, ...this.#last }];
  }

  #fill(tMs: number): void {
    while (this.#points.length * this.#stepMs < tMs) {
      this.#points.push({ t_ms: this.#points.length * this.#stepMs, ...this.#last });
      if (this.#points.length < MAX_POINTS) continue;
      this.#points = this.#points.filter((_, index) => index % 2 === 0);
      this.#stepMs *= 2;
    }
  }
}
