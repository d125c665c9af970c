import type { WeirError } from '../../formats/error_code.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import type { EventLog, LogFields, Outcome, StreamObserver } from '../observe/observers.ts';
import type { SpanTarget, StreamSpan } from '../observe/stream_span.ts';
import type { AnswerEnd } from '../upstream/upstream.ts';
import type { RecordUsage } from '../usage/stream_usage.ts';

/**
 * How a stream ended; the last frame is made of it, after the slot is free. `last` are the provider's own last bytes,
 * which with `ok: false` are its own error.
 */
export type Ending =
  | { ok: true; end: AnswerEnd; last?: undefined }
  | { ok: boolean; last: string }
  | { ok: false; error: WeirError; last?: undefined };

/** How a stream that ended like this is recorded. */
export function outcomeOf(ending: Ending): Outcome {
  if ('error' in ending) return ending.error.code;
  return ending.ok ? 'ok' : 'upstream_error';
}

/** Where streams are recorded. */
interface Records {
  observer: StreamObserver;
  recordUsage: RecordUsage;
  log: EventLog;
}

/** A stream that was admitted. */
export interface RecordedStream {
  userId: string;
  threadId: string;
  /** When the request came, by `performance.now()`. */
  startedAt: number;
  /** What the client asked for, where that was a route. */
  routeName: string | undefined;
  /** The target that was asked last, and what of a shared answer's tokens is this request's to count. */
  opening: { readonly target: SpanTarget; readonly counted?: (seen: Usage, whole: boolean) => Usage };
  /** Undefined where traces are off. */
  span: StreamSpan | undefined;
}

/** What became of it. */
export interface StreamRecord {
  outcome: Outcome;
  /** What this request has seen of the answer; undefined where another instance goes on with it, and counts it. */
  usage: Usage | undefined;
  /** More for the log. */
  facts?: LogFields | undefined;
}

/** Of what ended a stream, a defect of ours is written down: its client only hears that there was one. */
export function logDefect(log: EventLog, threadId: string, { code, cause, stack }: WeirError): void {
  if (code !== 'internal_error') return;
  const reason = cause instanceof Error ? cause.stack : (cause ?? stack);
  log.error('6', 'Internal error', { thread_id: threadId, reason: String(reason) });
}

/** The last stage of every stream: one outcome, in metrics, usage, trace and log. */
export function recordStream(records: Records, stream: RecordedStream, record: StreamRecord): void {
  const { userId, threadId, routeName: route, opening, startedAt } = stream;
  const { outcome, usage: seen, facts } = record;
  const { provider, model } = opening.target;
  const ms = performance.now() - startedAt;
  records.observer.closed(outcome, provider, ms);
  if (seen) {
    const usage = opening.counted ? opening.counted(seen, outcome === 'ok') : seen;
    records.recordUsage({ userId, provider, model, route, outcome, usage });
  }
  stream.span?.end(outcome, opening.target);
  const about = { user_id: userId, thread_id: threadId, outcome, provider, duration_ms: Math.round(ms) };
  records.log.info('6', 'Stream ended', { ...about, ...facts });
}
