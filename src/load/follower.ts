import { StreamRefusal } from '../client/stream_refusal.ts';
import type { StreamHead, Transport } from '../client/transport.ts';
import type { LoadPlan } from './load_plan.ts';
import { type Outcome, outcomeOfFailure, outcomeOfStatus } from './outcome.ts';

/** Who sends a request: a connection of its own, or headers that name it. */
export interface LoadUser {
  transport: Transport;
  /** Lower-case names. */
  headers?: Record<string, string>;
}

/** What a follower of a stream tells while it goes on. */
export interface StreamWatcher {
  onHead: (head: StreamHead) => void;
  /** A chunk; `hasContent` where it brought text. */
  onChunk: (hasContent: boolean) => void;
  /** The terminal event. */
  onTerminal: () => void;
}

/** Sends one request in some API's words and follows it to its end; rejects where no stream came. */
export type Follower = (plan: LoadPlan, user: LoadUser, signal: AbortSignal, watcher: StreamWatcher) => Promise<Ending>;

/** How a request ended, before it becomes a record. */
export interface Ending {
  outcome: Outcome;
  code?: string;
  message?: string;
  /** Output tokens as the server counts them. */
  tokens?: number;
  retryAfter?: number | undefined;
  resumeGapsMs?: number[];
}

/** Aborts a request with this as the reason when it has been silent for too long. */
export class RequestTimeout extends Error {
  readonly outcome: 'timeout_first_token' | 'timeout_idle';

  constructor(outcome: 'timeout_first_token' | 'timeout_idle', message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/** What an error that ended a request means. */
export function endingOfError(error: unknown, signal: AbortSignal): Ending {
  if (error instanceof StreamRefusal) {
    const { status, code, message, retryAfter } = error;
    return { outcome: outcomeOfStatus(status), code, message, retryAfter };
  }
  if (signal.reason instanceof RequestTimeout) {
    return { outcome: signal.reason.outcome, message: signal.reason.message };
  }
  if (signal.aborted) return { outcome: 'cancelled' };
  return { outcome: outcomeOfFailure(error), message: error instanceof Error ? error.message : String(error) };
}
