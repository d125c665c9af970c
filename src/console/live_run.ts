import type { LoadPlan } from '../load/load_plan.ts';
import type { LoadSnapshot } from '../load/load_report.ts';
import type { LoadRun } from '../load/load_run.ts';
import { executePlan } from '../load/node/execute_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import { RunRecorder } from '../load/run_recorder.ts';

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
