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
  /** Its `url` as the user gave it. */
  plan: LoadPlan;
  name: string;
  /** If one of these is true at the end, the exit code is 99. */
  failIf: readonly Condition[];
  /** Compare with this: `last`, a run's id, or a file. */
  baseline?: string;
  runs: RunStore;
}

/**
 * `./weir load`: progress on stderr, the report on stdout.
 * @returns the exit code: 0, 2 wrong address or file, 3 unreachable or no stream, 98 or 99 as {@link exitCode} has it, 130
 *   interrupted
 */
export async function runLoadCommand(options: LoadCommandOptions): Promise<number> {
  const { signal, connect, runs } = options;
  try {
    const base = baseOf(options.plan);
    for (const file of [options.json, options.csv, options.html]) {
      if (file !== undefined && file !== '-') await mustBeWritable(file);
    }
    // Before the run, which then becomes the last one.
    const baseline = options.baseline === undefined ? undefined : findReport(options.baseline, runs);
    const reached = await reachApi(base, connect, signal, options.plan.api === 'weir' ? '/health/live' : '/models');
    if (reached !== base) say(`${base} redirects to ${reached}. The test uses ${reached}.`);
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
  if (broken) say(`--abort-if ended the run: ${broken} is true.`);
  const failed = options.failIf.flatMap((condition) => {
    const value = holds(condition, report);
    return value === null ? [] : [`--fail-if ${condition.text} is true: the value is ${value}`];
  });
  for (const sentence of failed) say(`${sentence}.`);
  return exitCode(report, failed.length > 0 || broken !== undefined);
}

/**
 * A limit that is broken is a failure, also where the generator was late. Where none is, a late generator may have hidden
 * one, so that the run proves nothing.
 */
export function exitCode({ self_check }: Pick<LoadReport, 'self_check'>, isLimitBroken: boolean): 0 | 98 | 99 {
  if (isLimitBroken) return 99;
  return self_check?.ok === false ? 98 : 0;
}

/** The report must be printed even if the folder cannot be written. */
function keep(run: LoadRun, recorder: RunRecorder, runs: RunStore): void {
  try {
    runs.save(run, recorder.csv());
  } catch (error) {
    say(`This run could not be saved (${(error as Error).message}).`);
  }
}

/** Whether any response was a stream, even if it broke off or stalled. */
function gotStream({ outcomes }: LoadReport): boolean {
  return outcomes.ok + outcomes.truncated + outcomes.timeout_first_token + outcomes.timeout_idle > 0;
}

function noStream({ url }: LoadPlan, { errors: [error] }: LoadReport): string {
  const why = error ? ` (${[error.code, error.message].filter(Boolean).join(': ') || error.outcome})` : '';
  return `No request to ${url} got a stream${why}. Run "./weir doctor" to find the cause.`;
}

function say(sentence: string): void {
  process.stderr.write(`weir: ${sentence}\n`);
}
