import type { LoadPlan } from '../load/load_plan.ts';
import type { LoadSnapshot } from '../load/load_report.ts';
import type { LoadRun, RunHead } from '../load/load_run.ts';
import { executePlan } from '../load/node/execute_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import type { RunStore } from '../load/node/run_store.ts';
import { RunRecorder } from '../load/run_recorder.ts';

/** Only one run at a time: two would disturb each other. */
export class RunInProgress extends Error {
  constructor() {
    super('A load test is already running. Wait for it to end, or stop it.');
  }
}

/** The console's runs: running, waiting and saved. */
export class RunBook {
  readonly #store: RunStore;
  readonly #onFailure: (error: Error) => void;
  /** In the order in which they run. */
  #live: LiveRun[] = [];
  #running: Promise<void> = Promise.resolve();

  /** @param onFailure a run could not be saved */
  constructor(store: RunStore, onFailure: (error: Error) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  /** Executes the runs one after the other. @returns their ids @throws RunInProgress */
  start(requests: readonly RunRequest[]): string[] {
    if (this.#live.length > 0) throw new RunInProgress();
    const ids = requests.map(() => this.#store.newId());
    this.#live = requests.map((request, at) => new LiveRun(ids[at]!, request));
    this.#running = this.#runAll([...this.#live]);
    return ids;
  }

  /** A running or waiting run; undefined for all others. */
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

  /** Saves a run of another engine. @returns its id */
  keep(run: Omit<LoadRun, 'id'>, csv: string | undefined): string {
    const id = this.#store.newId();
    this.#store.save({ ...run, id }, csv);
    return id;
  }

  /** Stops the run and those that wait for it. False if it is not running. */
  stop(id: string): boolean {
    if (!this.live(id)) return false;
    for (const run of this.#live) run.stop();
    return true;
  }

  /** Stops all runs; resolves when they are saved. */
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

/** A stream whose response head arrived; drawn as a dot in the lanes. */
export interface StartedStream {
  index: number;
  instance: string | null;
  /** Since the start of the run. */
  atMs: number;
}

/** Everything that a run needs. */
export interface RunRequest {
  plan: LoadPlan;
  name: string;
  connect: NodeTransportOptions;
  /** API keys, one per user; empty: users are source addresses. */
  keys: readonly string[];
  /** Names of the instances behind the plan's address; empty if unknown. */
  expected: readonly string[];
}

/** Follows a run. */
export interface RunWatcher {
  onSnapshot: (snapshot: LoadSnapshot) => void;
  onStarted: (streams: StartedStream[]) => void;
  onEnd: (run: LoadRun) => void;
}

const TICK_MS = 200;
/** Bound of the dots per update. */
const MAX_STARTED = 1000;

/** A run of the server's engine, and its watchers. */
export class LiveRun {
  readonly #run: LoadRun;
  readonly #request: RunRequest;
  readonly #recorder = new RunRecorder();
  readonly #watchers = new Set<RunWatcher>();
  readonly #abort = new AbortController();
  #started: StartedStream[] = [];
  #snapshot: () => LoadSnapshot | null = () => null;

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

  /** Its current state. */
  get run(): LoadRun {
    return { ...this.#run, snapshot: this.#run.snapshot ?? this.#snapshot(), strip: this.#recorder.strip() };
  }

  get csv(): string {
    return this.#recorder.csv();
  }

  /** Stops the run; its report covers the requests so far. */
  stop(): void {
    this.#abort.abort();
  }

  /** Sends updates to the watcher. @returns ends that */
  watch(watcher: RunWatcher): () => void {
    this.#watchers.add(watcher);
    const snapshot = this.#snapshot();
    if (snapshot) watcher.onSnapshot(snapshot);
    return () => this.#watchers.delete(watcher);
  }

  /** Executes the run and resolves with its result. Never rejects. @param onFailure unexpected errors */
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
          this.#snapshot = () => begun.snapshot(elapsedMs());
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
    const snapshot = this.#run.snapshot ?? this.#snapshot();
    for (const watcher of this.#watchers) {
      if (started.length > 0) watcher.onStarted(started);
      if (snapshot) watcher.onSnapshot(snapshot);
    }
  }
}
