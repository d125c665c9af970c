import { pause } from '../client/abortable.ts';
import type { RequestRunner } from './request_runner.ts';

/** A decent client waits as long as it is told, but a load test does not stand still. */
const MAX_RETRY_AFTER_SECONDS = 5;
/** Where a refusal names no time. */
const DEFAULT_RETRY_AFTER_SECONDS = 1;

export interface ClosedRun {
  concurrency: number;
  users: number;
  /** Requests that start before this moment are warm-up. */
  measureFromMs: number;
  /** Measured requests in all, or when the last may start. */
  until: { requests: number } | { ms: number };
  /** Nothing starts any more. */
  onDrain?: () => void;
}

/**
 * Workers that each send their next request when their last has ended. One whose request was refused (429, 503) waits
 * `Retry-After`, at most 5 s, before it sends its next one; the refused request is one of the plan's.
 */
export async function runClosedLoop(runner: RequestRunner, run: ClosedRun): Promise<void> {
  const { concurrency, users, measureFromMs, until } = run;
  let measured = 0;
  const isOver = () => runner.isAborted || ('ms' in until ? runner.clock() >= until.ms : measured >= until.requests);
  const work = async (worker: number) => {
    for (let round = 0; !isOver(); round++) {
      const isMeasured = runner.clock() >= measureFromMs;
      if (isMeasured) measured += 1;
      // Workers keep to their users where there are as many, and take turns where there are more.
      const user = (worker + round * concurrency) % users;
      const { outcome, retryAfter = DEFAULT_RETRY_AFTER_SECONDS } = await runner.send({
        worker,
        user,
        measured: isMeasured,
      });
      if ((outcome !== '429' && outcome !== '503') || isOver()) continue;
      await pause(Math.min(retryAfter, MAX_RETRY_AFTER_SECONDS) * 1000, runner.signal);
    }
    run.onDrain?.();
  };
  // Of fewer requests than workers the rest has nothing to do, unless a warm-up gives them something.
  const most = 'requests' in until && measureFromMs <= runner.clock() ? until.requests : concurrency;
  await Promise.all(Array.from({ length: Math.min(concurrency, most) }, (_, worker) => work(worker)));
}
