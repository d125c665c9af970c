import { setTimeout as sleep } from 'node:timers/promises';
import { type Condition, holds } from '../condition.ts';
import type { LoadPlan } from '../load_plan.ts';
import type { LoadReport, LoadSnapshot } from '../load_report.ts';
import type { RunRecorder } from '../run_recorder.ts';
import { executePlan } from './execute_plan.ts';
import { liveLines, liveProgress, progressLine } from './live_view.ts';
import type { NodeTransportOptions } from './node_transport.ts';

export interface MeasureOptions {
  connect: NodeTransportOptions;
  /** API keys, one per user. */
  keys: readonly string[];
  /** Names of the instances that should be running; empty if unknown. */
  expected: readonly string[];
  /** If one of these becomes true, the run ends. */
  abortIf: readonly Condition[];
  /** Ends the run early; the requests so far count. */
  signal: AbortSignal;
}

export interface LiveMeasurement {
  report: LoadReport;
  snapshot: LoadSnapshot;
  /** The condition that ended it; undefined if none did. */
  broken: string | undefined;
}

const ABORT_CHECK_MS = 500;

/** Runs a plan and shows its progress on stderr. @throws TooFewIdentities */
export async function measureLive(
  plan: LoadPlan,
  { connect, keys, expected, signal, abortIf }: MeasureOptions,
  recorder: RunRecorder,
): Promise<LiveMeasurement> {
  const end = new AbortController();
  let broken: string | undefined;
  let stop = () => {};
  try {
    const summary = await executePlan(plan, {
      connect,
      keys,
      expected,
      signal: AbortSignal.any([signal, end.signal]),
      onHead: (index, instance) => recorder.head(index, instance),
      onRecord: (record) => recorder.add(record),
      onBegin: (begun, elapsedMs) => {
        stop = liveProgress(process.stderr, {
          line: () => progressLine(begun.snapshot(elapsedMs()), plan),
          lines: () => liveLines(begun.snapshot(elapsedMs()), plan),
        });
        if (abortIf.length === 0) return;
        void watch(() => {
          const report = begun.report(elapsedMs(), true);
          broken = abortIf.find((condition) => holds(condition, report) !== null)?.text;
          if (broken) end.abort();
          return broken !== undefined;
        }, end.signal);
      },
    });
    return { report: summary.report(), snapshot: summary.snapshot(), broken };
  } finally {
    stop();
    end.abort();
  }
}

/** Calls `isOver` repeatedly until it returns true or the signal aborts. */
async function watch(isOver: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !isOver()) await sleep(ABORT_CHECK_MS, undefined, { signal }).catch(() => {});
}
