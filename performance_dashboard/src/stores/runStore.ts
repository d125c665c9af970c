import {
  ConsoleRefusal,
  fetchRun,
  fetchRuns,
  followRun,
  importRun,
  type LoadPlan,
  type LoadRecord,
  type RunEnd,
  type RunListener,
  runInBrowser,
  startRun,
  stopRun,
} from '../api.ts';
import { emptyRunView, type RunView, withEnds, withSnapshot, withStarts, withStrip } from '../view/runView.ts';
import { pausedStore, Store } from './store.ts';

/** Five times a second: numbers stay readable, and the cost does not depend on the number of streams. */
const REFRESH_MS = 200;
const RETRY_MS = 1_000;
const STRIP_MS = 1_000;
const ADOPT_WITHIN_MS = 2_000;
/** Records of a browser's run that are saved; bounds the upload. */
const MAX_RECORDS = 10_000;

export type RunPhase = 'idle' | 'starting' | 'running' | 'stopping' | 'finished' | 'stopped' | 'failed';

export interface RunState extends RunView {
  phase: RunPhase;
  engine: 'server' | 'browser';
  plan: LoadPlan | null;
  /** Id in the console's history; null if it is not saved. */
  id: string | null;
  /** Why it failed, in one sentence. */
  error: string | null;
  /** Whether updates of a server's run arrive; always `live` for a browser's run. */
  link: 'live' | 'disconnected';
  /** When the last update arrived; milliseconds of the page's clock. */
  updatedAt: number;
}

const IDLE: RunState = {
  ...emptyRunView,
  phase: 'idle',
  engine: 'server',
  plan: null,
  id: null,
  error: null,
  link: 'live',
  updatedAt: 0,
};

export const isBusy = (phase: RunPhase) => phase === 'starting' || phase === 'running' || phase === 'stopping';

/** The load test that the page shows, from either engine. */
export class RunStore extends Store<RunState> {
  #abort: AbortController | undefined;
  #stripAt = 0;

  constructor() {
    super(IDLE);
  }

  /**
   * @param instances that should be running, for the browser's engine; the console knows them itself
   * @returns at the end of the run, in any state
   */
  async start(plan: LoadPlan, engine: 'server' | 'browser', instances: readonly string[]): Promise<void> {
    if (this.#abort) return;
    const abort = this.#begin(plan, engine);
    await (engine === 'server' ? this.#startServer(plan, abort) : this.#browser(plan, abort, instances));
    if (this.#abort === abort) this.#abort = undefined;
  }

  /** Shows a run of the console. */
  async follow(id: string, plan: LoadPlan): Promise<void> {
    if (this.#abort) return;
    const abort = this.#begin(plan, 'server');
    await this.#server(id, abort);
    if (this.#abort === abort) this.#abort = undefined;
  }

  /** Shows the run that the console is executing, if any; used after a reload. */
  async adopt(): Promise<void> {
    const runs = await fetchRuns(AbortSignal.timeout(ADOPT_WITHIN_MS)).catch(() => []);
    const running = runs.find(({ state }) => state === 'running');
    if (running && this.get().phase === 'idle') await this.follow(running.id, running.plan);
  }

  /** Stops the run; requests in flight count as cancelled. */
  stop(): void {
    const { phase, engine, id } = this.get();
    if (phase !== 'running') return;
    this.#patch({ phase: 'stopping' });
    if (engine === 'browser') this.#abort?.abort(new Error('stopped'));
    else if (id) void stopRun(id).catch((error: Error) => this.#patch({ phase: 'running', error: error.message }));
  }

  /** Back to the empty state, unless a run is in progress. */
  clear(): void {
    if (!isBusy(this.get().phase)) this.set(IDLE);
  }

  #begin(plan: LoadPlan, engine: 'server' | 'browser'): AbortController {
    const abort = new AbortController();
    this.#abort = abort;
    // The user wants to see the run that they start.
    pausedStore.set(false);
    this.set({ ...IDLE, phase: 'starting', plan, engine, updatedAt: performance.now() });
    return abort;
  }

  async #startServer(plan: LoadPlan, abort: AbortController): Promise<void> {
    try {
      const { id } = await startRun(plan);
      await this.#server(id, abort);
    } catch (error) {
      this.#patch({ phase: 'failed', error: sentence(error) });
    }
  }

  async #server(id: string, abort: AbortController): Promise<void> {
    this.#patch({ phase: 'running', id });
    const listener: RunListener = {
      onSnapshot: (snapshot) => {
        this.#update(withSnapshot(this.get(), snapshot));
        void this.#refreshStrip(id);
      },
      onStarts: (starts) => this.#update(withStarts(this.get(), starts)),
      onEnds: (ends) => this.#update(withEnds(this.get(), ends)),
    };
    while (!abort.signal.aborted) {
      const end = await followRun(id, abort.signal, listener).catch((error: unknown) =>
        error instanceof ConsoleRefusal && error.status !== 0 ? refusedEnd(error) : null,
      );
      if (end) return this.#end(id, end);
      this.#patch({ link: 'disconnected' });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Events name the instance of a request; its outcome comes from the run, which is fetched once a second. */
  async #refreshStrip(id: string): Promise<void> {
    if (performance.now() - this.#stripAt < STRIP_MS) return;
    this.#stripAt = performance.now();
    const run = await fetchRun(id).catch(() => null);
    if (run && this.get().id === id && isBusy(this.get().phase)) this.#patch(withStrip(this.get(), run.strip));
  }

  async #end(id: string, end: RunEnd): Promise<void> {
    const detail = await fetchRun(id).catch(() => null);
    const { snapshot, strip } = this.get();
    const last = detail?.snapshot ?? snapshot;
    if (last) this.#patch(withSnapshot(this.get(), end.report ? { ...last, ...end.report } : last));
    this.#patch({
      ...withStrip(this.get(), detail?.strip ?? strip),
      phase: end.state === 'cancelled' ? 'stopped' : end.state,
      error: end.state === 'failed' ? (end.message ?? 'The console ended the run without a reason.') : null,
      link: 'live',
    });
  }

  async #browser(plan: LoadPlan, abort: AbortController, instances: readonly string[]): Promise<void> {
    const records: LoadRecord[] = [];
    let starts: Parameters<RunListener['onStarts']>[0] = [];
    let ends: LoadRecord[] = [];
    const run = runInBrowser(
      plan,
      abort.signal,
      (start) => starts.push(start),
      (record) => {
        ends.push(record);
        if (records.length < MAX_RECORDS) records.push(record);
      },
      instances,
    );
    // Collected first: an update for each request would block the page.
    const publish = (phase: RunPhase) => {
      const view = withEnds(withStarts(withSnapshot(this.get(), run.snapshot()), starts), ends);
      starts = [];
      ends = [];
      this.#update({ ...view, phase });
    };
    publish('running');
    const timer = setInterval(() => publish(abort.signal.aborted ? 'stopping' : 'running'), REFRESH_MS);
    await run.ended;
    clearInterval(timer);
    publish(abort.signal.aborted ? 'stopped' : 'finished');
    const kept = await importRun({ plan, report: run.snapshot(), records }).catch(() => null);
    if (kept && this.get().plan === plan) this.#patch({ id: kept.id });
  }

  #update(change: Partial<RunState>): void {
    this.#patch({ ...change, link: 'live', updatedAt: performance.now() });
  }

  #patch(change: Partial<RunState>): void {
    this.set({ ...this.get(), ...change });
  }
}

function refusedEnd(error: ConsoleRefusal): RunEnd {
  return { state: 'failed', report: null, message: error.message };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const runStore = new RunStore();
/** The two sides of the comparison. */
export const balancedStore = new RunStore();
export const singleStore = new RunStore();
