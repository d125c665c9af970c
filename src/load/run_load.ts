import { pause } from '../client/pause.ts';
import type { StreamHead } from '../client/stream_head.ts';
import { fetchTransport, type Transport } from '../client/transport.ts';
import type { LoadPlan } from './load_plan.ts';
import type { LoadRecord } from './record.ts';
import { RequestTimeout, sendRequest } from './send_request.ts';
import type { Summary } from './summary.ts';

/** A decent client waits as long as it is told, but a load test does not stand still. */
const MAX_RETRY_AFTER_SECONDS = 5;
/** Where a refusal names no time. */
const DEFAULT_RETRY_AFTER_SECONDS = 1;
const FIRST_TOKEN_MS = 120_000;
const IDLE_MS = 60_000;

export interface RunLoadOptions {
  /** Filled while the run goes on; take its snapshots at any time. */
  summary: Summary;
  transport?: Transport;
  /** Aborting it ends the run: what is under way counts as `cancelled`, what was not sent does not count. */
  signal?: AbortSignal;
  /** Each request as it ends. */
  onRecord?: (record: LoadRecord) => void;
  /** Milliseconds of silence before a request is given up; 120 s before its first content, 60 s after it. */
  timeouts?: { firstTokenMs: number; idleMs: number };
}

/**
 * Runs a plan to its end, as a closed loop. A worker whose request was refused (429, 503) waits `Retry-After`, at most
 * 5 s, before it sends its next one; the refused request is one of the plan's.
 *
 * @returns milliseconds that the run took; never rejects
 */
export async function runLoad(plan: LoadPlan, options: RunLoadOptions): Promise<number> {
  const run = new Run(plan, options);
  const workers = Math.min(plan.concurrency, plan.requests);
  try {
    await Promise.all(Array.from({ length: workers }, (_, worker) => run.work(worker)));
  } finally {
    run.close();
  }
  return run.clock();
}

interface Pending {
  controller: AbortController;
  /** When its start, or its last content, was. */
  sinceMs: number;
  hasContent: boolean;
}

class Run {
  readonly #plan: LoadPlan;
  readonly #options: RunLoadOptions;
  readonly #startedAt = performance.now();
  readonly #pending = new Set<Pending>();
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #onAbort = () => {
    for (const { controller } of this.#pending) controller.abort(this.#options.signal?.reason);
  };
  #next = 0;

  constructor(plan: LoadPlan, options: RunLoadOptions) {
    this.#plan = plan;
    this.#options = options;
    // One timer for all requests: re-arming one per chunk would cost more than the chunk.
    this.#ticker = setInterval(() => this.#abortSilent(), 1000);
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  readonly clock = (): number => performance.now() - this.#startedAt;

  async work(worker: number): Promise<void> {
    while (this.#next < this.#plan.requests && !this.#options.signal?.aborted) {
      const waitSeconds = await this.#send(this.#next++, worker);
      if (waitSeconds > 0 && this.#next < this.#plan.requests) await pause(waitSeconds * 1000, this.#options.signal);
    }
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  /** Sends one request; gives the seconds to wait before the next. */
  async #send(index: number, worker: number): Promise<number> {
    const { summary, transport = fetchTransport, onRecord } = this.#options;
    const pending: Pending = { controller: new AbortController(), sinceMs: this.clock(), hasContent: false };
    this.#pending.add(pending);
    summary.start(index, pending.sinceMs);
    const { record, gapsMs, resumeGapsMs, retryAfter } = await sendRequest(this.#plan, {
      index,
      worker,
      clock: this.clock,
      transport,
      signal: pending.controller.signal,
      onHead: (head: StreamHead) => summary.head(index, head.instance),
      onContent: () => {
        pending.sinceMs = this.clock();
        pending.hasContent = true;
      },
    });
    this.#pending.delete(pending);
    summary.add(record, gapsMs, resumeGapsMs);
    onRecord?.(record);
    if (record.outcome !== '429' && record.outcome !== '503') return 0;
    return Math.min(retryAfter ?? DEFAULT_RETRY_AFTER_SECONDS, MAX_RETRY_AFTER_SECONDS);
  }

  #abortSilent(): void {
    const { firstTokenMs, idleMs } = this.#options.timeouts ?? { firstTokenMs: FIRST_TOKEN_MS, idleMs: IDLE_MS };
    const now = this.clock();
    for (const { controller, sinceMs, hasContent } of this.#pending) {
      const silentMs = now - sinceMs;
      if (hasContent && silentMs > idleMs) {
        controller.abort(new RequestTimeout('timeout_idle', `No text for ${idleMs / 1000} s in mid-stream.`));
      } else if (!hasContent && silentMs > firstTokenMs) {
        controller.abort(new RequestTimeout('timeout_first_token', `No text within ${firstTokenMs / 1000} s.`));
      }
    }
  }
}
