import { pause } from '../client/abortable.ts';
import type { OpenLoop } from './load_plan.ts';
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

/** Numbers from 0 to below 1; the same seed gives the same ones (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * When the requests of an open loop are due, in milliseconds since its start, all before `forMs`: evenly, or as a
 * Poisson process, whose gaps are exponential. The times depend on nothing but the arguments, never on what the server
 * does.
 */
export function* arrivalTimes(
  { ratePerSecond, arrivals, seed = 1 }: Pick<OpenLoop, 'ratePerSecond' | 'arrivals' | 'seed'>,
  forMs: number,
): Generator<number, void> {
  const meanGapMs = 1000 / ratePerSecond;
  if (arrivals === 'constant') {
    // Multiplied, not added up: a sum of many gaps would drift.
    for (let index = 0; index * meanGapMs < forMs; index++) yield index * meanGapMs;
    return;
  }
  const random = seededRandom(seed);
  for (let atMs = gap(); atMs < forMs; atMs += gap()) yield atMs;

  function gap(): number {
    return -Math.log(1 - random()) * meanGapMs;
  }
}
