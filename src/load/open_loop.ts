import { pause } from '../formats/abortable.ts';
import type { OpenLoop } from './load_plan.ts';
import type { RequestRunner } from './request_runner.ts';
import type { Samples } from './samples.ts';

export interface OpenRun {
  mode: OpenLoop;
  users: number;
  warmupMs: number;
  /** Collects the delay of each request in milliseconds. */
  lag: Samples;
}

/**
 * Sends each request at its scheduled time, even if earlier ones have not ended. So a server that stalls is measured by
 * all requests that would have arrived meanwhile (no coordinated omission).
 */
export async function runOpenLoop(runner: RequestRunner, { mode, users, warmupMs, lag }: OpenRun): Promise<void> {
  const inFlight = new Set<Promise<unknown>>();
  let index = 0;
  for (const dueMs of arrivalTimes(mode, warmupMs + mode.durationMs)) {
    // Timers have whole milliseconds: requests due within this one are sent now.
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
      runner.skip(sending, `${mode.maxInFlight} streams were already in flight.`);
      continue;
    }
    lag.add(Math.max(0, runner.clock() - dueMs));
    const sent: Promise<unknown> = runner.send(sending).finally(() => inFlight.delete(sent));
    inFlight.add(sent);
  }
  // Rates refer to the whole scheduled time, also if the last request was due earlier.
  await pause(warmupMs + mode.durationMs - runner.clock(), runner.signal);
  if (!runner.isAborted) runner.summary.enter('drain', runner.clock());
  await Promise.all(inFlight);
}

/** Numbers from 0 to below 1; the same seed gives the same numbers (mulberry32). */
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
 * Start times of the requests of an open loop, in milliseconds, all before `forMs`: evenly spaced, or a Poisson process
 * with exponential gaps. They depend only on the arguments, never on the server.
 */
export function* arrivalTimes(
  { ratePerSecond, arrivals, seed = 1 }: Pick<OpenLoop, 'ratePerSecond' | 'arrivals' | 'seed'>,
  forMs: number,
): Generator<number, void> {
  const meanGapMs = 1000 / ratePerSecond;
  if (arrivals === 'constant') {
    // Multiplied instead of summed up, which would drift.
    for (let index = 0; index * meanGapMs < forMs; index++) yield index * meanGapMs;
    return;
  }
  const random = seededRandom(seed);
  for (let atMs = gap(); atMs < forMs; atMs += gap()) yield atMs;

  function gap(): number {
    return -Math.log(1 - random()) * meanGapMs;
  }
}
