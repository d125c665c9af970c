import { type LoadPlan, type LoadSnapshot, runInBrowser, Summary } from '../api.ts';
import { Store } from './store.ts';

/** Five times a second: numbers stay readable, and a run of a hundred streams costs no more than one of ten. */
const REFRESH_MS = 200;

/** `stopped` keeps what was measured until then. */
export type RunState =
  | { phase: 'idle'; plan: null; snapshot: null }
  | { phase: 'running' | 'stopping' | 'finished' | 'stopped'; plan: LoadPlan; snapshot: LoadSnapshot };

/** The load test of this page: at most one at a time. */
class RunStore extends Store<RunState> {
  #abort: AbortController | undefined;

  constructor() {
    super({ phase: 'idle', plan: null, snapshot: null });
  }

  async start(plan: LoadPlan): Promise<void> {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const summary = new Summary();
    const startedAt = performance.now();
    const publish = (phase: 'running' | 'stopping') => {
      this.set({ phase, plan, snapshot: summary.snapshot(performance.now() - startedAt) });
    };
    publish('running');
    const timer = setInterval(() => publish(abort.signal.aborted ? 'stopping' : 'running'), REFRESH_MS);
    const tookMs = await runInBrowser(plan, summary, abort.signal);
    clearInterval(timer);
    this.#abort = undefined;
    this.set({ phase: abort.signal.aborted ? 'stopped' : 'finished', plan, snapshot: summary.snapshot(tookMs) });
  }

  /** Closes what is under way; those requests count as cancelled. */
  stop(): void {
    this.#abort?.abort(new Error('stopped'));
    const state = this.get();
    if (state.phase === 'running') this.set({ ...state, phase: 'stopping' });
  }
}

export const runStore = new RunStore();
