import { runClosedLoop } from './closed_loop.ts';
import { judgeLimit, type LimitStep, nextConcurrency } from './limit_report.ts';
import type { FindLimit } from './load_plan.ts';
import type { LoadRecord } from './record.ts';
import type { RequestRunner } from './request_runner.ts';
import { Samples } from './samples.ts';
import { isGood, type Slo } from './slo.ts';

const MAX_CONCURRENCY = 10_000;
/** Codes of the limits per user. */
const LIMITERS = new Set<string | null>(['too_many_connections', 'rate_limited']);

export interface LimitRun {
  mode: FindLimit;
  users: number;
  slo: Slo | undefined;
  /** Calls `onRecord` for each ended request. @returns ends that */
  listen: (onRecord: (record: LoadRecord) => void) => () => void;
}

/** Runs closed loops of rising concurrency, and writes each step into the summary's `limit`. */
export async function findLimit(runner: RequestRunner, { mode, users, slo, listen }: LimitRun): Promise<void> {
  const max = mode.maxConcurrency ?? MAX_CONCURRENCY;
  const steps: LimitStep[] = [];
  let concurrency = mode.startConcurrency;
  for (;;) {
    const tally = new StepTally(slo);
    const stop = listen((record) => tally.add(record));
    const fromMs = runner.clock();
    await runClosedLoop(runner, { concurrency, users, measureFromMs: fromMs, until: { ms: fromMs + mode.stepMs } });
    stop();
    if (runner.isAborted) break;
    steps.push(tally.step(concurrency, runner.clock() - fromMs));
    const verdict = judgeLimit(steps, max);
    runner.summary.limit = { steps: [...steps], ...verdict };
    if (verdict.reason !== null) return;
    concurrency = nextConcurrency(concurrency, max);
  }
  runner.summary.limit = { steps, knee: judgeLimit(steps, max).knee, reason: 'interrupted' };
}

class StepTally {
  readonly #slo: Slo | undefined;
  readonly #ttft = new Samples();
  #requests = 0;
  #ok = 0;
  #good = 0;
  #limited = 0;

  constructor(slo: Slo | undefined) {
    this.#slo = slo;
  }

  add(record: LoadRecord): void {
    this.#requests += 1;
    if (LIMITERS.has(record.code)) this.#limited += 1;
    if (record.outcome !== 'ok') return;
    this.#ok += 1;
    if (record.ttftMs !== null) this.#ttft.add(record.ttftMs);
    if (this.#slo === undefined || isGood(record, this.#slo)) this.#good += 1;
  }

  step(concurrency: number, tookMs: number): LimitStep {
    const ttft = this.#ttft.spread();
    return {
      concurrency,
      requests: this.#requests,
      ok: this.#ok,
      limited: this.#limited,
      goodput_per_second: Math.round((this.#good * 1_000_000) / tookMs) / 1000,
      ttft_p50_ms: ttft?.p50 ?? null,
      ttft_p95_ms: ttft?.p95 ?? null,
    };
  }
}
