import { pause } from '../client/pause.ts';
import type { OpenLoop } from './load_plan.ts';
import { arrivalTimes } from './pacer.ts';
import type { RequestRunner } from './request_runner.ts';
import type { Samples } from './samples.ts';

export interface OpenRun {
  mode: OpenLoop;
  users: number;
  warmupMs: number;
  /** Gets how late each request was sent, in milliseconds. */
  lag: Samples;
}

/**
 * Sends each request when its time has come, whether or not earlier ones have ended, so that a server that stands still
 * is measured by all who would have come meanwhile.
 */
export async function runOpenLoop(runner: RequestRunner, { mode, users, warmupMs, lag }: OpenRun): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  let index = 0;
  for (const dueMs of arrivalTimes(mode, warmupMs + mode.durationMs)) {
    // Timers take whole milliseconds: what is due within this one is sent now.
    const waitMs = dueMs - runner.clock();
    if (waitMs >= 1) await pause(waitMs, runner.signal);
    if (runner.isAborted) break;
    const sending = {
      worker: 0,
      user: index++ % users,
      measured: dueMs >= warmupMs,
      scheduledMs: Math.min(dueMs, runner.clock()),
    };
    if (runner.inFlight >= mode.maxInFlight) {
      runner.skip(sending, `${mode.maxInFlight} streams were in flight already.`);
      continue;
    }
    lag.add(Math.max(0, runner.clock() - dueMs));
    const sent: Promise<unknown> = runner.send(sending).finally(() => underWay.delete(sent));
    underWay.add(sent);
  }
  // Rates are of the whole scheduled time, also where the last request was due before its end.
  await pause(warmupMs + mode.durationMs - runner.clock(), runner.signal);
  if (!runner.isAborted) runner.summary.enter('drain', runner.clock());
  await Promise.all(underWay);
}
