import { openStream } from '../client/open_stream.ts';
import type { StreamHead } from '../client/stream_head.ts';
import { StreamRefusal } from '../client/stream_refusal.ts';
import type { StreamResult } from '../client/stream_result.ts';
import type { Transport } from '../client/transport.ts';
import { type LoadPlan, planRequest } from './load_plan.ts';
import { type Outcome, outcomeOfErrorEvent, outcomeOfFailure, outcomeOfStatus } from './outcome.ts';
import type { LoadRecord } from './record.ts';

/** Aborts a request with this as the reason when it has been silent for too long. */
export class RequestTimeout extends Error {
  readonly outcome: 'timeout_first_token' | 'timeout_idle';

  constructor(outcome: 'timeout_first_token' | 'timeout_idle', message: string) {
    super(message);
    this.outcome = outcome;
  }
}

export interface SendOptions {
  index: number;
  worker: number;
  /** Milliseconds since the start of the run. */
  clock: () => number;
  transport: Transport;
  signal: AbortSignal;
  onHead: (head: StreamHead) => void;
  /** A chunk with content came. */
  onContent: () => void;
}

export interface SentRequest {
  record: LoadRecord;
  /** Gaps between chunks with content, in milliseconds. */
  gapsMs: number[];
  /** Gaps in which the stream went on over another connection. */
  resumeGapsMs: number[];
  /** Seconds that a refusal asked to wait. */
  retryAfter: number | undefined;
}

/** Sends one request of the plan and measures it. Never rejects: every failure is an outcome. */
export async function sendRequest(plan: LoadPlan, options: SendOptions): Promise<SentRequest> {
  const { clock, signal, transport } = options;
  const startMs = clock();
  const gapsMs: number[] = [];
  let firstMs: number | undefined;
  let lastMs = 0;
  let endMs: number | undefined;
  let chunks = 0;
  let head: StreamHead | undefined;
  let resumeGapsMs: number[] = [];
  const end: Ending = await openStream(planRequest(plan), {
    baseUrl: plan.url,
    signal,
    transport,
    onHead: (got) => {
      head = got;
      options.onHead(got);
    },
    onEvent: (event) => {
      const now = clock();
      if (event.type === 'complete' || event.type === 'error') endMs = now;
      if (event.type !== 'chunk') return;
      chunks += 1;
      if (event.data.content === '') return;
      if (firstMs === undefined) firstMs = now;
      else gapsMs.push(now - lastMs);
      lastMs = now;
      options.onContent();
    },
  }).then(
    (result): Ending => {
      resumeGapsMs = result.reconnects.map(({ gapMs }) => gapMs);
      return endingOfResult(result);
    },
    (error: unknown) => endingOfError(error, signal),
  );
  const record: LoadRecord = {
    index: options.index,
    worker: options.worker,
    outcome: end.outcome,
    startMs,
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

interface Ending {
  outcome: Outcome;
  code?: string;
  message?: string;
  tokens?: number;
  retryAfter?: number | undefined;
}

function endingOfResult(result: StreamResult): Ending {
  if (result.outcome === 'complete') return { outcome: 'ok', tokens: result.complete.usage.output_tokens };
  if (result.outcome !== 'error') return { outcome: result.outcome, message: result.reason };
  const { error, message } = result.error;
  return { outcome: outcomeOfErrorEvent(result.error, result.text !== ''), code: error, message };
}

function endingOfError(error: unknown, signal: AbortSignal): Ending {
  if (error instanceof StreamRefusal) {
    const { status, code, message, retryAfter } = error;
    return { outcome: outcomeOfStatus(status), code, message, retryAfter };
  }
  if (error instanceof RequestTimeout) return { outcome: error.outcome, message: error.message };
  if (signal.aborted) return { outcome: 'cancelled' };
  return { outcome: outcomeOfFailure(error), message: error instanceof Error ? error.message : String(error) };
}

function largest(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value), 0);
}
