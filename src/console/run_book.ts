import type { LoadRun, RunHead } from '../load/load_run.ts';
import type { RunStore } from '../load/node/run_store.ts';
import { LiveRun, type RunRequest } from './live_run.ts';

/** Only one run at a time: two would measure each other. */
export class RunInProgress extends Error {
  constructor() {
    super('A load test runs already; wait for its end, or stop it.');
  }
}

/** The console's runs: the one that goes on, and those that are kept. */
export class RunBook {
  readonly #store: RunStore;
  readonly #onFailure: (error: Error) => void;
  /** In the order in which they run. */
  #live: LiveRun[] = [];
  #running: Promise<void> = Promise.resolve();

  /** `onFailure`: a run could not be kept. */
  constructor(store: RunStore, onFailure: (error: Error) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  /** Starts the first, and each of the others when the one before it has ended. Gives their ids. @throws RunInProgress */
  start(requests: readonly RunRequest[]): string[] {
    if (this.#live.length > 0) throw new RunInProgress();
    const ids = requests.map(() => this.#store.newId());
    this.#live = requests.map((request, at) => new LiveRun(ids[at]!, request));
    this.#running = this.#runAll([...this.#live]);
    return ids;
  }

  /** One that goes on; undefined for all others. */
  live(id: string): LiveRun | undefined {
    return this.#live.find(({ run }) => run.id === id);
  }

  get(id: string): LoadRun | undefined {
    return this.live(id)?.run ?? this.#store.load(id);
  }

  csv(id: string): string | undefined {
    return this.live(id)?.csv ?? this.#store.csv(id);
  }

  /** Newest first. */
  list(): RunHead[] {
    const live = this.#live.map(({ run: { snapshot: _, strip: __, ...head } }) => head).reverse();
    return [...live, ...this.#store.list().filter(({ id }) => !this.live(id))];
  }

  /** Keeps a run that another engine made; gives its id. */
  keep(run: Omit<LoadRun, 'id'>, csv: string | undefined): string {
    const id = this.#store.newId();
    this.#store.save({ ...run, id }, csv);
    return id;
  }

  /** Ends the run early, and those that wait for it. False where it doesn't go on. */
  stop(id: string): boolean {
    if (!this.live(id)) return false;
    for (const run of this.#live) run.stop();
    return true;
  }

  /** Ends what goes on, and resolves when it is kept. */
  async close(): Promise<void> {
    for (const run of this.#live) run.stop();
    await this.#running;
  }

  remove(id: string): void {
    this.#store.remove(id);
  }

  async #runAll(runs: LiveRun[]): Promise<void> {
    for (const live of runs) {
      const run = await live.execute(this.#onFailure);
      try {
        this.#store.save(run, live.csv);
      } catch (error) {
        this.#onFailure(error as Error);
      }
      this.#live = this.#live.filter((other) => other !== live);
    }
  }
}
