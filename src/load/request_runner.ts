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
  /** Filled while the run goes on; take its snapshots at any time. */
  summary: Summary;
  /** Who sends for a user, by its 0-based number. */
  as: (user: number) => LoadUser;
  /** Aborting it ends the run: what is under way counts as `cancelled`, what was not sent does not count. */
  signal?: AbortSignal | undefined;
  /** A request's head came, from this instance; `atMs` since the start of the run. */
  onHead?: ((index: number, instance: string | null, atMs: number) => void) | undefined;
  /** Each request as it ends. */
  onRecord?: ((record: LoadRecord) => void) | undefined;
  /** Milliseconds of silence before a request is given up; 120 s before its first content, 60 s after it. */
  timeouts?: { firstTokenMs: number; idleMs: number } | undefined;
}

/** Which request is sent. */
export interface Sending {
  worker: number;
  user: number;
  measured: boolean;
  /** Open loop only. */
  scheduledMs?: number;
}

interface Pending {
  controller: AbortController;
  /** When its start, or its last content, was. */
  sinceMs: number;
  hasContent: boolean;
}

/** Sends requests, numbers them, gives up the silent ones, and has each one counted. */
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
    // One timer for all requests: re-arming one per chunk would cost more than the chunk.
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

  /** Most requests that were in flight at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Sends one request to its end; gives how it ended, and the seconds that a refusal asked to wait. */
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

  /** Counts one that was due while as many as allowed were in flight. */
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
        controller.abort(new RequestTimeout('timeout_idle', `No text for ${idleMs / 1000} s in mid-stream.`));
      } else if (!hasContent && silentMs > firstTokenMs) {
        controller.abort(new RequestTimeout('timeout_first_token', `No text within ${firstTokenMs / 1000} s.`));
      }
    }
  }
}
