import type { LoadPlan } from '../../src/load/load_plan.ts';
import type { LoadRun } from '../../src/load/load_run.ts';
import { summaryOptions } from '../../src/load/run_load.ts';
import { Summary } from '../../src/load/summary.ts';
import { loadRecord } from './load_plan.ts';

/** Events of the console about a request: its instance is known, or it has ended. */
export type RunUpdate =
  | { event: 'started'; data: { index: number; instance: string; atMs: number } }
  | { event: 'ended'; data: { index: number; instance: string; outcome: string } };

/** The simulated instances. */
export interface SimulatedStack {
  /** Of one stream. */
  streamMs: number;
  /** Of each instance. */
  slots: number;
  instances: readonly string[];
  /** Those that get no request. */
  frozen: readonly string[];
}

const REFUSED_WAIT_MS = 1_000;

/** A closed loop against simulated instances with a few slots each. */
export class SimulatedRun {
  readonly run: LoadRun;
  readonly updates: RunUpdate[] = [];
  readonly summary: Summary;
  readonly #startedAt = performance.now();
  readonly #streamMs: number;
  readonly #slots: number;
  readonly #busy: Map<string, number>;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #ended = Promise.withResolvers<void>();
  #next = 0;
  #workers: number;

  constructor(id: string, plan: LoadPlan, { streamMs, slots, instances: all, frozen }: SimulatedStack) {
    this.#streamMs = streamMs;
    this.#slots = slots;
    this.run = {
      id,
      name: id,
      started_at: new Date().toISOString(),
      state: 'running',
      engine: 'server',
      plan,
      report: null,
      snapshot: null,
      strip: [],
    };
    const instances = plan.target?.kind === 'instance' ? [plan.target.name] : all;
    this.summary = new Summary({ ...summaryOptions(plan), instances });
    this.summary.enter('measure', 0);
    const answering = instances.filter((instance) => !frozen.includes(instance));
    this.#busy = new Map(answering.map((instance) => [instance, 0]));
    const { mode } = plan;
    this.#workers = mode.kind === 'closed' ? mode.concurrency : 4;
    for (let worker = this.#workers; worker > 0; worker--) this.#send();
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get clock(): number {
    return performance.now() - this.#startedAt;
  }

  end(state: LoadRun['state']): void {
    if (this.run.state !== 'running') return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.summary.close(this.clock);
    Object.assign(this.run, { state, snapshot: this.summary.snapshot(this.clock), report: this.summary.report() });
    this.#ended.resolve();
  }

  #send(): void {
    const { mode } = this.run.plan;
    const requests = mode.kind === 'closed' && 'requests' in mode ? mode.requests : 60;
    if (this.#next >= requests) {
      this.#workers -= 1;
      if (this.#workers === 0) this.end('finished');
      return;
    }
    const index = this.#next++;
    const startMs = this.clock;
    // The least busy one, like NGINX.
    const [instance = '', busy = 0] = [...this.#busy].sort(([, a], [, b]) => a - b)[0] ?? [];
    this.summary.start(index, startMs);
    this.summary.head(index, instance);
    this.run.strip[index] = { instance, outcome: null };
    this.updates.push({ event: 'started', data: { index, instance, atMs: startMs } });
    if (busy >= this.#slots) {
      this.#finish(index, instance, startMs, '429', 4, REFUSED_WAIT_MS);
      return;
    }
    this.#busy.set(instance, busy + 1);
    const tookMs = this.#streamMs * (1 + (index % 7) / 60);
    this.#after(tookMs, () => {
      this.#busy.set(instance, this.#busy.get(instance)! - 1);
      this.#finish(index, instance, startMs, 'ok', tookMs, 0);
    });
  }

  #finish(
    index: number,
    instance: string,
    startMs: number,
    outcome: 'ok' | '429',
    e2eMs: number,
    waitMs: number,
  ): void {
    const ok = outcome === 'ok';
    const latencies = ok ? { ttftMs: 300 + (index % 9) * 4, tpotMs: 20 } : { ttftMs: null, tpotMs: null };
    const code = ok ? null : 'too_many_connections';
    const record = { index, instance, startMs, outcome, e2eMs, ...latencies, status: ok ? 200 : 429, code };
    this.summary.add(loadRecord({ ...record, tokens: ok ? 100 : 0 }), ok ? [19, 20, 22] : []);
    this.run.strip[index] = { instance, outcome };
    this.updates.push({ event: 'ended', data: { index, instance, outcome } });
    this.#after(waitMs, () => this.#send());
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}
