import type { LoadPlan } from '../load/load_plan.ts';
import type { LoadSnapshot } from '../load/load_report.ts';
import type { LoadRun, RunHead } from '../load/load_run.ts';
import { executePlan } from '../load/node/execute_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import type { RunStore } from '../load/node/run_store.ts';
import { RunRecorder } from '../load/run_recorder.ts';

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

/** A stream that got its head: for the dots of the lanes. */
export interface StartedStream {
  index: number;
  instance: string | null;
  /** Since the start of the run. */
  atMs: number;
}

/** What a run is made of. */
export interface RunRequest {
  plan: LoadPlan;
  name: string;
  connect: NodeTransportOptions;
  /** API keys, a user each; none: users are source addresses. */
  keys: readonly string[];
  /** Instances that there should be behind the plan's address; none where that is not known. */
  expected: readonly string[];
}

/** Who watches a run. */
export interface RunWatcher {
  onSnapshot: (snapshot: LoadSnapshot) => void;
  onStarted: (streams: StartedStream[]) => void;
  onEnd: (run: LoadRun) => void;
}

const TICK_MS = 200;
/** Nobody can see more dots than these in a fifth of a second. */
const MAX_STARTED = 1000;

/** A run of the server's engine, and those who watch it. */
export class LiveRun {
  readonly #run: LoadRun;
  readonly #request: RunRequest;
  readonly #recorder = new RunRecorder();
  readonly #watchers = new Set<RunWatcher>();
  readonly #abort = new AbortController();
  #started: StartedStream[] = [];
  #look: () => LoadSnapshot | null = () => null;

  constructor(id: string, request: RunRequest) {
    const { name, plan } = request;
    this.#request = request;
    const started_at = new Date().toISOString();
    this.#run = {
      id,
      name,
      started_at,
      state: 'running',
      engine: 'server',
      plan,
      report: null,
      snapshot: null,
      strip: [],
    };
  }

  /** As it is now. */
  get run(): LoadRun {
    return { ...this.#run, snapshot: this.#run.snapshot ?? this.#look(), strip: this.#recorder.strip() };
  }

  get csv(): string {
    return this.#recorder.csv();
  }

  /** Ends it early; what it gave so far is its report. */
  stop(): void {
    this.#abort.abort();
  }

  /** Tells the watcher everything until it leaves, by the function that this gives. */
  watch(watcher: RunWatcher): () => void {
    this.#watchers.add(watcher);
    const snapshot = this.#look();
    if (snapshot) watcher.onSnapshot(snapshot);
    return () => this.#watchers.delete(watcher);
  }

  /** Runs it; resolves with how it ended, and never rejects. `onFailure` gets what was not foreseen. */
  async execute(onFailure: (error: Error) => void): Promise<LoadRun> {
    const run = this.#run;
    run.started_at = new Date().toISOString();
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    try {
      const summary = await executePlan(run.plan, {
        connect: this.#request.connect,
        keys: this.#request.keys,
        expected: this.#request.expected,
        signal: this.#abort.signal,
        onBegin: (begun, elapsedMs) => {
          this.#look = () => begun.snapshot(elapsedMs());
        },
        onHead: (index, instance, atMs) => {
          this.#recorder.head(index, instance);
          if (this.#started.length < MAX_STARTED) this.#started.push({ index, instance, atMs });
        },
        onRecord: (record) => this.#recorder.add(record),
      });
      run.report = summary.report();
      run.snapshot = summary.snapshot();
      run.state = this.#abort.signal.aborted ? 'cancelled' : 'finished';
    } catch (error) {
      run.state = 'failed';
      onFailure(error as Error);
    } finally {
      clearInterval(ticker);
    }
    this.#tick();
    run.strip = this.#recorder.strip();
    for (const watcher of this.#watchers) watcher.onEnd(run);
    return run;
  }

  #tick(): void {
    const started = this.#started.splice(0);
    if (this.#watchers.size === 0) return;
    const snapshot = this.#run.snapshot ?? this.#look();
    for (const watcher of this.#watchers) {
      if (started.length > 0) watcher.onStarted(started);
      if (snapshot) watcher.onSnapshot(snapshot);
    }
  }
}
