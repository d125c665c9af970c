import type { WeirError } from '../formats/error_code.ts';
import type { Usage } from '../formats/weir/stream_event.ts';
import type { CachedOpening } from './cache/answer_cache.ts';
import type { EventLog, LogFields } from './observe/event_log.ts';
import type { Outcome, StreamObserver } from './observe/stream_observer.ts';
import type { SpanTarget, StreamSpan } from './observe/stream_span.ts';
import type { RecordUsage } from './usage/stream_usage.ts';

/** Where streams are recorded. */
interface Records {
  observer: StreamObserver;
  recordUsage: RecordUsage;
  log: EventLog;
}

/** A stream that was admitted, however it ended. */
interface EndedStream {
  userId: string;
  threadId: string;
  /** By `performance.now()`. */
  startedAt: number;
  /** What the client asked for, where that was a route. */
  route: string | undefined;
  /** Whom it asked last, and whether its answer was kept or shared. */
  opening:
    | { readonly target: SpanTarget }
    | (Pick<CachedOpening<unknown>, 'counted'> & { readonly target: SpanTarget });
  span: StreamSpan | undefined;
  outcome: Outcome;
  /** What this request has seen of the answer. */
  usage: Usage;
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
export function recordStream(records: Records, ended: EndedStream): void {
  const { userId, threadId, route, opening, outcome } = ended;
  const { provider, model } = opening.target;
  const ms = performance.now() - ended.startedAt;
  const usage = 'counted' in opening ? opening.counted(ended.usage, outcome === 'ok') : ended.usage;
  records.observer.closed(outcome, provider, ms);
  records.recordUsage({ userId, provider, model, route, outcome, usage });
  ended.span?.end(outcome, opening.target);
  const about = { user_id: userId, thread_id: threadId, outcome, provider, duration_ms: Math.round(ms) };
  records.log.info('6', 'Stream ended', { ...about, ...ended.facts });
}
