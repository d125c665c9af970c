import { type Condition, holds } from '../condition.ts';
import { apiBaseUrl, type LoadPlan } from '../load_plan.ts';
import type { LoadReport } from '../load_report.ts';
import type { LoadRun } from '../load_run.ts';
import { RunRecorder } from '../run_recorder.ts';
import { type Deliveries, deliver, mustBeWritable, Unwritable } from './deliver_report.ts';
import { type MeasureOptions, measureLive } from './measure_live.ts';
import { TooFewIdentities } from './node_users.ts';
import { reachApi, Unreachable } from './reach_api.ts';
import type { RunStore } from './run_store.ts';
import { findReport, type NamedReport, NoReport } from './run_store.ts';

export interface LoadCommandOptions extends Deliveries, MeasureOptions {
  /** Its `url` as it was typed. */
  plan: LoadPlan;
  name: string;
  /** When one of these holds at the end, the exit code is 99. */
  failIf: readonly Condition[];
  /** What to compare with: `last`, a run's id, or a file. */
  baseline?: string;
  runs: RunStore;
}

/**
 * `./weir load`: progress on stderr, the report on stdout.
 * @returns the exit code: 0, 2 bad address or file, 3 unreachable or not one stream, 98 not to be trusted, 99 a
 *   condition held, 130 interrupted
 */
export async function runLoadCommand(options: LoadCommandOptions): Promise<number> {
  const { signal, connect, runs } = options;
  try {
    const base = baseOf(options.plan);
    for (const file of [options.json, options.csv, options.html]) {
      if (file !== undefined && file !== '-') await mustBeWritable(file);
    }
    // Before the run, which will itself be the last one afterwards.
    const baseline = options.baseline === undefined ? undefined : findReport(options.baseline, runs);
    const reached = await reachApi(base, connect, signal, options.plan.api === 'weir' ? '/health/live' : '/models');
    if (reached !== base) say(`${base} redirects to ${reached}, which is tested instead.`);
    return await runAndReport({ ...options.plan, url: reached }, options, baseline);
  } catch (error) {
    if (signal.aborted) return 130;
    const isUsage = [BadAddress, Unwritable, NoReport, TooFewIdentities].some((kind) => error instanceof kind);
    if (!isUsage && !(error instanceof Unreachable)) throw error;
    say((error as Error).message);
    return isUsage ? 2 : 3;
  }
}

class BadAddress extends Error {}

function baseOf({ url, api }: LoadPlan): string {
  try {
    return apiBaseUrl(url, api);
  } catch (error) {
    throw new BadAddress((error as Error).message);
  }
}

async function runAndReport(plan: LoadPlan, options: LoadCommandOptions, baseline?: NamedReport): Promise<number> {
  const { signal, runs } = options;
  const recorder = new RunRecorder(options.csv === undefined ? undefined : Number.POSITIVE_INFINITY);
  const startedAt = new Date();
  const { report, snapshot, broken } = await measureLive(plan, options, recorder);
  const run: LoadRun = {
    id: runs.newId(startedAt),
    name: options.name,
    started_at: startedAt.toISOString(),
    state: signal.aborted ? 'cancelled' : broken ? 'failed' : 'finished',
    engine: 'cli',
    plan,
    report,
    snapshot,
    strip: recorder.strip(),
  };
  keep(run, recorder, runs);
  await deliver(run, report, recorder, options, baseline);
  if (signal.aborted) return 130;
  if (!gotStream(report)) throw new Unreachable(noStream(plan, report));
  if (broken) say(`The run was ended: ${broken}.`);
  const failed = options.failIf.flatMap((condition) => {
    const value = holds(condition, report);
    return value === null ? [] : [`${condition.text} holds: it is ${value}`];
  });
  for (const sentence of failed) say(`${sentence}.`);
  if (report.self_check?.ok === false) return 98;
  return failed.length > 0 || broken ? 99 : 0;
}

/** A folder that can't be written must not cost the figures. */
function keep(run: LoadRun, recorder: RunRecorder, runs: RunStore): void {
  try {
    runs.save(run, recorder.csv());
  } catch (error) {
    say(`This run is not kept (${(error as Error).message}).`);
  }
}

/** Whether any answer was a stream, be it one that broke off or stood still. */
function gotStream({ outcomes }: LoadReport): boolean {
  return outcomes.ok + outcomes.truncated + outcomes.timeout_first_token + outcomes.timeout_idle > 0;
}

function noStream({ url }: LoadPlan, { errors: [error] }: LoadReport): string {
  const why = error ? ` (${[error.code, error.message].filter(Boolean).join(': ') || error.outcome})` : '';
  return `Not one request to ${url} got a stream${why}; see "./weir status" and "./weir doctor".`;
}

function say(sentence: string): void {
  process.stderr.write(`weir: ${sentence}\n`);
}
