import { createTraceState, type Span, type SpanContext, SpanStatusCode } from '@opentelemetry/api';
import type { CacheKind, Outcome } from '../../core/observe/observers.ts';
import type { SpanAnswer, SpanEvent, SpanTarget, StreamSpan, TraceContext } from '../../core/observe/stream_span.ts';
import { ERROR_TYPE, GEN_AI, WEIR } from './span_names.ts';

/** W3C Trace Context, section 3.2: version, trace, parent, flags; a later version may add fields. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** @returns undefined for an invalid context, which the standard says to ignore */
export function readContext({ traceparent, tracestate }: TraceContext): SpanContext | undefined {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || (version === '00' && more)) return undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags as string, 16) & 1,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
}

export function writeContext({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-0${traceFlags & 1}`;
  const tracestate = traceState?.serialize();
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

/** A client that leaves is not a failure. */
const NO_FAILURE: readonly Outcome[] = ['ok', 'cancelled'];

/** A stream as OpenTelemetry's SDK keeps it. Times are given, as the SDK's own have whole milliseconds only. */
export class OtelSpan implements StreamSpan {
  readonly context: TraceContext;
  readonly #span: Span;
  readonly #operation: string;

  /** @param operation the first part of its name */
  constructor(span: Span, operation: string) {
    this.#span = span;
    this.#operation = operation;
    this.context = writeContext(span.spanContext());
  }

  event(name: SpanEvent, facts: Record<string, string | number> = {}): void {
    const named = Object.entries(facts).map(([key, value]) => [`${WEIR.prefix}${name}.${key}`, value]);
    this.#span.addEvent(`${WEIR.prefix}${name}`, Object.fromEntries(named), performance.now());
  }

  cached(kind: CacheKind): void {
    this.#span.setAttribute(WEIR.cache, kind);
  }

  answered({ firstMs, finishReason, usage }: SpanAnswer): void {
    if (firstMs !== undefined) this.#span.setAttribute(GEN_AI.timeToFirstChunk, firstMs / 1000);
    if (finishReason) this.#span.setAttribute(GEN_AI.finishReasons, [finishReason]);
    if (!usage) return;
    this.#span.setAttribute(GEN_AI.inputTokens, usage.input_tokens);
    this.#span.setAttribute(GEN_AI.outputTokens, usage.output_tokens);
  }

  end(outcome: Outcome, { provider, model }: SpanTarget): void {
    this.#span.updateName(`${this.#operation} ${model}`);
    this.#span.setAttributes({ [GEN_AI.provider]: provider, [GEN_AI.requestModel]: model, [WEIR.outcome]: outcome });
    if (!NO_FAILURE.includes(outcome)) {
      this.#span.setAttribute(ERROR_TYPE, outcome);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end(performance.now());
  }
}
