import type { ApiFormat } from '../../config/provider_presets.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import type { CacheKind, Outcome } from './observers.ts';

/** W3C trace context, as it travels in headers of these names. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Who is asked, and the model by that provider's name for it. */
export interface SpanTarget {
  readonly provider: string;
  readonly model: string;
}

/** What is known of a stream when it is admitted. */
export interface SpanBegin {
  /** The API that the client speaks. */
  endpoint: 'weir' | 'ui_message' | 'count_tokens' | ApiFormat;
  /** Who is asked first. */
  target: SpanTarget;
  /** As the configuration calls it; undefined where the client named the provider itself. */
  route: string | undefined;
  threadId: string;
  /** Whether the client wants a stream. */
  stream: boolean;
  /** When the request came, by `performance.now()`. */
  startedAt: number;
  /** What it is a part of; undefined where it begins a trace of its own. */
  parent: TraceContext | undefined;
  /** The span of the dead instance with whose stream it goes on. */
  link?: TraceContext | undefined;
}

/** What is known of an answer when it ends. */
export interface SpanAnswer {
  /** From the request to the first content, in milliseconds; undefined where none came. */
  firstMs: number | undefined;
  finishReason: string | null | undefined;
  /** As the provider reported it. */
  usage: Pick<Usage, 'input_tokens' | 'output_tokens'> | undefined;
}

/** What may happen to a stream between its beginning and its end. */
export type SpanEvent = 'retry' | 'failover' | 'passed_over' | 'takeover' | 'handover';

/** The record of one stream in a trace. Nothing of it is called per token. */
export interface StreamSpan {
  /** For whatever is asked of others on its behalf. */
  readonly context: TraceContext;
  event(name: SpanEvent, facts?: Record<string, string | number>): void;
  cached(kind: CacheKind): void;
  answered(answer: SpanAnswer): void;
  /** Exactly once, last. @param target who has answered, or was asked last */
  end(outcome: Outcome, target: SpanTarget): void;
}

/** Opens a span for each stream. Where traces are off there is no tracer. */
export interface StreamTracer {
  begin(begin: SpanBegin): StreamSpan;
}
