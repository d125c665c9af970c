import { type StreamHead, StreamRefusal, type Transport } from 'weir-client';
import type { LoadPlan } from './load_plan.ts';
import { type Outcome, outcomeOfFailure, outcomeOfStatus } from './outcome.ts';

/** A user that sends requests, identified by its own connection or by headers. */
export interface LoadUser {
  transport: Transport;
  /** Lower-case names. */
  headers?: Record<string, string>;
}

/** Called while a stream runs. */
export interface StreamWatcher {
  onHead: (head: StreamHead) => void;
  /** A chunk; `hasContent`: it has text. */
  onChunk: (hasContent: boolean) => void;
  /** The terminal event. */
  onTerminal: () => void;
}

/** Sends one request in the format of one API and follows it to its end. Rejects if no stream began. */
export type Follower = (plan: LoadPlan, user: LoadUser, signal: AbortSignal, watcher: StreamWatcher) => Promise<Ending>;

/** How a request ended, before it becomes a record. */
export interface Ending {
  outcome: Outcome;
  code?: string;
  message?: string;
  /** Output tokens as counted by the server. */
  tokens?: number;
  retryAfter?: number | undefined;
  resumeGapsMs?: number[];
}

/** Reason of the abort of a silent request. */
export class RequestTimeout extends Error {
  readonly outcome: 'timeout_first_token' | 'timeout_idle';

  constructor(outcome: 'timeout_first_token' | 'timeout_idle', message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/** The ending of a request from the error that it threw. */
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
