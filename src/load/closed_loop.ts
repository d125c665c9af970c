import { pause } from '../formats/abortable.ts';
import type { RequestRunner } from './request_runner.ts';

/** Upper bound of the wait after a refusal, so that a load test does not stand still. */
const MAX_RETRY_AFTER_SECONDS = 5;
/** Used if a refusal has no `Retry-After`. */
const DEFAULT_RETRY_AFTER_SECONDS = 1;

export interface ClosedRun {
  concurrency: number;
  users: number;
  /** Requests that start before this moment are warm-up. */
  measureFromMs: number;
  /** Number of measured requests, or the time after which none starts. */
  until: { requests: number } | { ms: number };
  /** Called when no further request starts. */
  onDrain?: () => void;
}

/**
 * Workers that each send their next request when their last one has ended. After a refusal (429, 503), a worker waits
 * `Retry-After`, at most 5 s. Refused requests count.
 */
export async function runClosedLoop(runner: RequestRunner, run: ClosedRun): Promise<void> {
  const { concurrency, users, measureFromMs, until } = run;
  let measured = 0;
  const isOver = () => runner.isAborted || ('ms' in until ? runner.clock() >= until.ms : measured >= until.requests);
  const work = async (worker: number) => {
    for (let round = 0; !isOver(); round++) {
      const isMeasured = runner.clock() >= measureFromMs;
      if (isMeasured) measured += 1;
      // Each worker has its own user; if there are more users than workers, they take turns.
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
  // With fewer requests than workers, only some workers are needed, except for a warm-up.
  const most = 'requests' in until && measureFromMs <= runner.clock() ? until.requests : concurrency;
  await Promise.all(Array.from({ length: Math.min(concurrency, most) }, (_, worker) => work(worker)));
}
