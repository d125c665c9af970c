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

/** Five times a second: numbers stay readable, and a run of a hundred streams costs no more than one of ten. */
const REFRESH_MS = 200;
const RETRY_MS = 1_000;
const STRIP_MS = 1_000;
const ADOPT_WITHIN_MS = 2_000;
/** Records of a browser's run that go into the history; more would be a large upload for little. */
const MAX_RECORDS = 10_000;

export type RunPhase = 'idle' | 'starting' | 'running' | 'stopping' | 'finished' | 'stopped' | 'failed';

export interface RunState extends RunView {
  phase: RunPhase;
  engine: 'server' | 'browser';
  plan: LoadPlan | null;
  /** In the console's history; null where it is not there. */
  id: string | null;
  /** Why it failed, in one sentence. */
  error: string | null;
  /** Whether news of a server's run come; always `live` for a browser's. */
  link: 'live' | 'disconnected';
  /** When the last news came; milliseconds of the page's clock. */
  heardAt: number;
}

const IDLE: RunState = {
  ...emptyRunView,
  phase: 'idle',
  engine: 'server',
  plan: null,
  id: null,
  error: null,
  link: 'live',
  heardAt: 0,
};

export const isBusy = (phase: RunPhase) => phase === 'starting' || phase === 'running' || phase === 'stopping';

/** One load test that the page shows, from either engine: at most one at a time. */
export class RunStore extends Store<RunState> {
  #abort: AbortController | undefined;
  #stripAt = 0;

  constructor() {
    super(IDLE);
  }

  /**
   * @param instances that there should be, for the browser's engine; the console knows them itself
   * @returns when the run has ended, however
   */
  async start(plan: LoadPlan, engine: 'server' | 'browser', instances: readonly string[]): Promise<void> {
    if (this.#abort) return;
    const abort = this.#begin(plan, engine);
    await (engine === 'server' ? this.#startServer(plan, abort) : this.#browser(plan, abort, instances));
    if (this.#abort === abort) this.#abort = undefined;
  }

  /** Shows a run of the console, from its start on where it is still there. */
  async follow(id: string, plan: LoadPlan): Promise<void> {
    if (this.#abort) return;
    const abort = this.#begin(plan, 'server');
    await this.#server(id, abort);
    if (this.#abort === abort) this.#abort = undefined;
  }

  /** Shows a run that goes on at the console, as after a reload of the page; nothing where there is none. */
  async adopt(): Promise<void> {
    const runs = await fetchRuns(AbortSignal.timeout(ADOPT_WITHIN_MS)).catch(() => []);
    const running = runs.find(({ state }) => state === 'running');
    if (running && this.get().phase === 'idle') await this.follow(running.id, running.plan);
  }

  /** Ends the run; what is under way counts as cancelled. */
  stop(): void {
    const { phase, engine, id } = this.get();
    if (phase !== 'running') return;
    this.#patch({ phase: 'stopping' });
    if (engine === 'browser') this.#abort?.abort(new Error('stopped'));
    else if (id) void stopRun(id).catch((error: Error) => this.#patch({ phase: 'running', error: error.message }));
  }

  /** Back to the empty state; a run that goes on is not stopped by it. */
  clear(): void {
    if (!isBusy(this.get().phase)) this.set(IDLE);
  }

  #begin(plan: LoadPlan, engine: 'server' | 'browser'): AbortController {
    const abort = new AbortController();
    this.#abort = abort;
    // Whoever starts something wants to see it.
    pausedStore.set(false);
    this.set({ ...IDLE, phase: 'starting', plan, engine, heardAt: performance.now() });
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
        this.#hear(withSnapshot(this.get(), snapshot));
        void this.#lookAtStrip(id);
      },
      onStarts: (starts) => this.#hear(withStarts(this.get(), starts)),
      onEnds: (ends) => this.#hear(withEnds(this.get(), ends)),
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

  /** Events tell where requests went; how they ended stands in the run itself, which is asked once a second. */
  async #lookAtStrip(id: string): Promise<void> {
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
      error: end.state === 'failed' ? (end.message ?? 'The console ended it without a reason.') : null,
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
    // Gathered first: a state for each request, or each chunk, would keep the page from drawing.
    const publish = (phase: RunPhase) => {
      const view = withEnds(withStarts(withSnapshot(this.get(), run.snapshot()), starts), ends);
      starts = [];
      ends = [];
      this.#hear({ ...view, phase });
    };
    publish('running');
    const timer = setInterval(() => publish(abort.signal.aborted ? 'stopping' : 'running'), REFRESH_MS);
    await run.ended;
    clearInterval(timer);
    publish(abort.signal.aborted ? 'stopped' : 'finished');
    const kept = await importRun({ plan, report: run.snapshot(), records }).catch(() => null);
    if (kept && this.get().plan === plan) this.#patch({ id: kept.id });
  }

  #hear(change: Partial<RunState>): void {
    this.#patch({ ...change, link: 'live', heardAt: performance.now() });
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
