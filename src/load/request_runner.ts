import type { LoadUser } from './follower.ts';
import { RequestTimeout } from './follower.ts';
import type { LoadPlan } from './load_plan.ts';
import type { Outcome } from './outcome.ts';
import type { LoadRecord } from './record.ts';
import { unsentRecord } from './record.ts';
import { sendRequest } from './send_request.ts';
import type { Summary } from './summary.ts';

const FIRST_TOKEN_MS = 120_000;
const IDLE_MS = 60_000;

export interface RunnerOptions {
  /** Filled during the run; take snapshots at any time. */
  summary: Summary;
  /** The sender for a user, by its 0-based number. */
  as: (user: number) => LoadUser;
  /** Aborting it ends the run: requests in flight count as `cancelled`, unsent ones do not count. */
  signal?: AbortSignal | undefined;
  /** Called when a response head arrives; `atMs` since the start of the run. */
  onHead?: ((index: number, instance: string | null, atMs: number) => void) | undefined;
  /** Called when a request ends. */
  onRecord?: ((record: LoadRecord) => void) | undefined;
  /** Milliseconds of silence before a request is aborted; default 120 s before its first content, 60 s after it. */
  timeouts?: { firstTokenMs: number; idleMs: number } | undefined;
}

/** A request to send. */
export interface Sending {
  worker: number;
  user: number;
  measured: boolean;
  /** Open loop only. */
  scheduledMs?: number;
}

interface Pending {
  controller: AbortController;
  /** Time of its start or of its last content. */
  sinceMs: number;
  hasContent: boolean;
}

/** Sends requests, numbers them, aborts silent ones, and counts all of them. */
export class RequestRunner {
  readonly #plan: LoadPlan;
  readonly #options: RunnerOptions;
  readonly #startedAt = performance.now();
  readonly #pending = new Set<Pending>();
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #onAbort = () => {
    for (const { controller } of this.#pending) controller.abort(this.#options.signal?.reason);
  };
  #next = 0;
  #peak = 0;

  constructor(plan: LoadPlan, options: RunnerOptions) {
    this.#plan = plan;
    this.#options = options;
    // One timer for all requests: one per request would have to be reset for each chunk.
    this.#ticker = setInterval(() => this.#abortSilent(), 1000);
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  /** Milliseconds since the start of the run. */
  readonly clock = (): number => performance.now() - this.#startedAt;

  get summary(): Summary {
    return this.#options.summary;
  }

  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  get isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Largest number of requests in flight. */
  get peak(): number {
    return this.#peak;
  }

  /** Sends one request and follows it to its end. @returns its outcome, and the seconds of `Retry-After` */
  async send(sending: Sending): Promise<{ outcome: Outcome; retryAfter: number | undefined }> {
    const { summary, as, onHead, onRecord } = this.#options;
    const index = this.#next++;
    const pending: Pending = { controller: new AbortController(), sinceMs: this.clock(), hasContent: false };
    this.#pending.add(pending);
    this.#peak = Math.max(this.#peak, this.#pending.size);
    summary.start(index, pending.sinceMs);
    const { record, gapsMs, resumeGapsMs, retryAfter } = await sendRequest(this.#plan, {
      ...sending,
      index,
      clock: this.clock,
      as: as(sending.user),
      signal: pending.controller.signal,
      onHead: ({ instance }) => {
        summary.head(index, instance);
        onHead?.(index, instance, this.clock());
      },
      onContent: () => {
        pending.sinceMs = this.clock();
        pending.hasContent = true;
      },
    });
    this.#pending.delete(pending);
    summary.add(record, gapsMs, resumeGapsMs);
    onRecord?.(record);
    return { outcome: record.outcome, retryAfter };
  }

  /** Counts a request that was due while the maximum was in flight. */
  skip({ worker, user, measured, scheduledMs = this.clock() }: Sending, message: string): void {
    const record = unsentRecord({ index: this.#next++, worker, user, measured, startMs: scheduledMs, message });
    this.#options.summary.add(record);
    this.#options.onRecord?.(record);
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  #abortSilent(): void {
    const { firstTokenMs, idleMs } = this.#options.timeouts ?? { firstTokenMs: FIRST_TOKEN_MS, idleMs: IDLE_MS };
    const now = this.clock();
    for (const { controller, sinceMs, hasContent } of this.#pending) {
      const silentMs = now - sinceMs;
      if (hasContent && silentMs > idleMs) {
        controller.abort(new RequestTimeout('timeout_idle', `No text for ${idleMs / 1000} s during the stream.`));
      } else if (!hasContent && silentMs > firstTokenMs) {
        controller.abort(new RequestTimeout('timeout_first_token', `No text within ${firstTokenMs / 1000} s.`));
      }
    }
  }
}
