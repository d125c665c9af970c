import { fetchTransport, type Transport } from 'weir-client';
import { runClosedLoop } from './closed_loop.ts';
import { findLimit } from './find_limit.ts';
import type { LoadUser } from './follower.ts';
import type { LoadPlan } from './load_plan.ts';
import { runOpenLoop } from './open_loop.ts';
import type { LoadRecord } from './record.ts';
import { RequestRunner, type RunnerOptions } from './request_runner.ts';
import { Samples } from './samples.ts';
import { LagMeter, selfCheck } from './self_check.ts';
import { sloOf } from './slo.ts';
import type { SummaryOptions } from './summary.ts';

/** Samples needed for a 99th percentile; a second of a closed loop has about 50. */
const MIN_LAGS = 50;

/** Facts about the generator's process that only Node.js knows. */
export interface GeneratorMeter {
  fileLimit: number | null;
  /** Connections that this many concurrent streams need. */
  connections: (streams: number) => number;
  /** CPU as a share of one core since the start of the measurement; null if it was too short. */
  cpuShare: () => number | null;
  /** Call it at the start of the measurement. */
  begin: () => void;
}

export interface RunLoadOptions extends Omit<RunnerOptions, 'as'> {
  /** For all users. Default: fetch. */
  transport?: Transport;
  /** Sender per user; replaces `transport`. */
  as?: (user: number) => LoadUser;
  meter?: GeneratorMeter;
}

/**
 * Runs a plan: warm-up, measurement, drain, then the self-check of the generator. Never rejects.
 *
 * @returns duration of the run in milliseconds
 */
export async function runLoad(plan: LoadPlan, options: RunLoadOptions): Promise<number> {
  const { transport = fetchTransport, summary, meter, signal } = options;
  const listeners = new Set<(record: LoadRecord) => void>(options.onRecord ? [options.onRecord] : []);
  const runner = new RequestRunner(plan, {
    ...options,
    as: options.as ?? (() => ({ transport })),
    onRecord: (record) => {
      for (const listener of listeners) listener(record);
    },
  });
  const meters = new LagMeter();
  const sendLag = new Samples();
  const begin = () => {
    if (signal?.aborted) return;
    summary.enter('measure', plan.warmupMs);
    meter?.begin();
  };
  if (plan.warmupMs > 0) summary.enter('warmup', 0);
  else begin();
  const timer = plan.warmupMs > 0 ? setTimeout(begin, plan.warmupMs) : undefined;
  try {
    await runMode(plan, runner, sendLag, (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    });
  } finally {
    clearTimeout(timer);
    runner.close();
    meters.stop();
  }
  const lag = (plan.mode.kind === 'open' ? sendLag : meters.samples).spread();
  summary.selfCheck = selfCheck({
    scheduleLagMs: lag !== null && lag.n >= MIN_LAGS ? lag.p99 : null,
    cpuShare: meter?.cpuShare() ?? null,
    fileLimit: meter?.fileLimit ?? null,
    connections: meter?.connections(runner.peak) ?? 0,
  });
  summary.close(runner.clock());
  return runner.clock();
}

/** The summary's options for a plan. */
export function summaryOptions(plan: LoadPlan): SummaryOptions {
  return {
    slo: plan.slo === undefined ? undefined : sloOf(plan.slo),
    isForeign: plan.api === 'openai',
    openMs: plan.mode.kind === 'open' ? plan.mode.durationMs : undefined,
  };
}

async function runMode(
  plan: LoadPlan,
  runner: RequestRunner,
  lag: Samples,
  listen: (listener: (record: LoadRecord) => void) => () => void,
): Promise<void> {
  const { mode, warmupMs, users } = plan;
  if (mode.kind === 'open') return runOpenLoop(runner, { mode, users, warmupMs, lag });
  if (mode.kind === 'closed') {
    const { concurrency } = mode;
    const until = 'requests' in mode ? { requests: mode.requests } : { ms: warmupMs + mode.durationMs };
    const onDrain = () => {
      if (!runner.isAborted) runner.summary.enter('drain', runner.clock());
    };
    return runClosedLoop(runner, { concurrency, users, measureFromMs: warmupMs, until, onDrain });
  }
  const slo = plan.slo === undefined ? undefined : sloOf(plan.slo);
  if (warmupMs > 0) {
    const run = { concurrency: mode.startConcurrency, users, measureFromMs: warmupMs, until: { ms: warmupMs } };
    await runClosedLoop(runner, run);
  }
  return findLimit(runner, { mode, users, slo, listen });
}
