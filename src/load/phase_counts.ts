/** `warmup` is not counted. In `drain`, no request starts, and requests in flight end. */
export type PhaseName = 'warmup' | 'measure' | 'drain';

/** One phase of a run; times since the start of the run, in milliseconds. */
export interface PhaseCounts {
  name: PhaseName;
  from_ms: number;
  /** null while it lasts. */
  to_ms: number | null;
  /** Requests that started in it. */
  started: number;
  /** Requests that ended in it, whenever they started. */
  ended: number;
}

/** The phase of a run, and counts of each phase. A run without phases is measured from its start. */
export class Phases {
  readonly #phases: PhaseCounts[] = [];

  /** Does nothing if it is already in that phase. */
  enter(name: PhaseName, atMs: number): void {
    const last = this.#phases.at(-1);
    if (last?.name === name) return;
    if (last) last.to_ms = atMs;
    this.#phases.push({ name, from_ms: atMs, to_ms: null, started: 0, ended: 0 });
  }

  start(): void {
    this.#current().started += 1;
  }

  end(): void {
    this.#current().ended += 1;
  }

  close(atMs: number): void {
    this.#current().to_ms = atMs;
  }

  get name(): PhaseName {
    return this.#current().name;
  }

  /** Start of the measurement; 0 before it. */
  get measuredFromMs(): number {
    return this.#phases.find(({ name }) => name === 'measure')?.from_ms ?? 0;
  }

  counts(): PhaseCounts[] {
    return this.#phases.map((phase) => ({ ...phase }));
  }

  #current(): PhaseCounts {
    if (this.#phases.length === 0) this.enter('measure', 0);
    return this.#phases.at(-1)!;
  }
}
