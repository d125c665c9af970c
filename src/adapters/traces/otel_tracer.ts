import { DiagLogLevel, diag, type Link, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { EventLog } from '../../core/observe/observers.ts';
import type { SpanBegin, StreamSpan, StreamTracer } from '../../core/observe/stream_span.ts';
import { OtelSpan, readContext } from './otel_span.ts';
import { GEN_AI, SERVICE, WEIR } from './span_names.ts';

/** A collector that is away must not delay the end of the process. */
const FLUSH_MS = 3_000;

/** Names of OpenTelemetry's `OTEL_TRACES_SAMPLER`. */
const SAMPLERS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (share) => new TraceIdRatioBasedSampler(share),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (share) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
} as const satisfies Record<string, (share: number) => Sampler>;
export type SamplerName = keyof typeof SAMPLERS;

export interface TracerOptions {
  instance: string;
  version: string;
  sampler: SamplerName;
  /** Of traces that begin here, 0 to 1; for the samplers that take a share. */
  share: number;
  /** Between two deliveries, in milliseconds. */
  delayMs: number;
}

/**
 * Spans over OTLP. Address, headers and certificates are read by the exporter itself, from OpenTelemetry's own
 * variables. This file loads the SDK, so only {@link loadTracer} imports it.
 */
export class OtelTracer implements StreamTracer {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor({ instance, version, sampler, share, delayMs }: TracerOptions, log: EventLog) {
    const warn = (what: string) => log.warn('0', 'Traces', { reason: what.slice(0, 500) });
    const quiet = () => {};
    const logger = { error: warn, warn, info: quiet, debug: quiet, verbose: quiet };
    diag.setLogger(logger, DiagLogLevel.WARN);
    const self = { [SERVICE.name]: 'weir', [SERVICE.version]: version, [SERVICE.instance]: instance };
    const resource = defaultResource()
      .merge(resourceFromAttributes(self))
      .merge(detectResources({ detectors: [envDetector] }));
    const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: delayMs });
    this.#provider = new TracerProvider({
      resource,
      sampler: SAMPLERS[sampler](share),
      spanProcessors: [processor],
    });
    this.#tracer = this.#provider.getTracer('weir', version);
  }

  begin({ endpoint, target, route, threadId, stream, startedAt, parent, link }: SpanBegin): StreamSpan {
    const operation = endpoint === 'embeddings' || endpoint === 'count_tokens' ? endpoint : 'chat';
    const from = parent && readContext(parent);
    const linked = link && readContext(link);
    const links: Link[] = linked ? [{ context: linked }] : [];
    const span = this.#tracer.startSpan(
      `${operation} ${target.model}`,
      {
        kind: SpanKind.CLIENT,
        startTime: startedAt,
        links,
        attributes: {
          [GEN_AI.operation]: operation,
          [GEN_AI.provider]: target.provider,
          [GEN_AI.requestModel]: target.model,
          [GEN_AI.requestStream]: stream,
          [WEIR.threadId]: threadId,
          [WEIR.door]: endpoint,
          ...(route === undefined ? {} : { [WEIR.route]: route }),
        },
      },
      from ? trace.setSpanContext(ROOT_CONTEXT, from) : ROOT_CONTEXT,
    );
    return new OtelSpan(span, operation);
  }

  /** Sends ended spans; gives up if the collector does not accept them in time. */
  async close(): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref());
    await Promise.race([this.#provider.shutdown().catch(() => {}), late]);
  }
}
