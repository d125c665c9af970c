import type { StreamHead } from 'weir-client';
import { followChat } from './follow_chat.ts';
import { followWeir } from './follow_weir.ts';
import type { Follower, LoadUser, StreamWatcher } from './follower.ts';
import { type Ending, endingOfError } from './follower.ts';
import type { LoadPlan } from './load_plan.ts';
import type { LoadRecord } from './record.ts';

export interface SendOptions {
  index: number;
  worker: number;
  user: number;
  measured: boolean;
  /** Milliseconds since the start of the run. */
  clock: () => number;
  /** Scheduled time; undefined in a closed loop: now. */
  scheduledMs?: number | undefined;
  as: LoadUser;
  signal: AbortSignal;
  onHead: (head: StreamHead) => void;
  /** A chunk with content arrived. */
  onContent: () => void;
}

export interface SentRequest {
  record: LoadRecord;
  /** Gaps between chunks with content, in milliseconds. */
  gapsMs: number[];
  /** Gaps in which the stream changed connections. */
  resumeGapsMs: number[];
  /** Seconds of the refusal's `Retry-After`. */
  retryAfter: number | undefined;
}

/** Sends one request of the plan and measures it. Never rejects: every failure is an outcome. */
export async function sendRequest(plan: LoadPlan, options: SendOptions): Promise<SentRequest> {
  const { index, worker, user, measured, clock, signal } = options;
  const sentMs = clock();
  const startMs = options.scheduledMs ?? sentMs;
  const gapsMs: number[] = [];
  let firstMs: number | undefined;
  let lastMs = 0;
  let endMs: number | undefined;
  let chunks = 0;
  let head: StreamHead | undefined;
  const watcher: StreamWatcher = {
    onHead: (got) => {
      head = got;
      options.onHead(got);
    },
    onChunk: (hasContent) => {
      chunks += 1;
      if (!hasContent) return;
      const now = clock();
      if (firstMs === undefined) firstMs = now;
      else gapsMs.push(now - lastMs);
      lastMs = now;
      options.onContent();
    },
    onTerminal: () => {
      endMs = clock();
    },
  };
  const follow: Follower = plan.api === 'openai' ? followChat : followWeir;
  const end: Ending = await follow(plan, options.as, signal, watcher).catch((error) => endingOfError(error, signal));
  const resumeGapsMs = end.resumeGapsMs ?? [];
  const record: LoadRecord = {
    index,
    worker,
    user,
    outcome: end.outcome,
    measured,
    startMs,
    lateMs: sentMs - startMs,
    e2eMs: (endMs ?? clock()) - startMs,
    ttftMs: firstMs === undefined ? null : firstMs - startMs,
    tpotMs: firstMs === undefined || gapsMs.length === 0 ? null : (lastMs - firstMs) / gapsMs.length,
    maxStallMs: largest(gapsMs),
    status: head?.status ?? null,
    code: end.code ?? null,
    message: end.message ?? null,
    instance: head?.instance ?? null,
    via: head?.via ?? null,
    upstream: head?.upstream ?? null,
    threadId: head?.threadId ?? null,
    tokens: end.tokens ?? chunks,
    chunks,
    reconnects: plan.resumable ? resumeGapsMs.length : null,
    maxResumeGapMs: largest(resumeGapsMs),
  };
  return { record, gapsMs, resumeGapsMs, retryAfter: end.retryAfter };
}

function largest(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value), 0);
}
