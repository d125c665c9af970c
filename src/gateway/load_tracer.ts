import type { OtelTracer } from '../adapters/traces/otel_tracer.ts';
import type { EventLog } from '../core/observe/observers.ts';
import type { GatewayConfig } from './config.ts';

/**
 * The tracer, where the deployment says where traces go. OpenTelemetry's SDK is loaded only then: without it no module,
 * no memory and no time.
 */
export async function loadTracer(
  config: GatewayConfig,
  version: string,
  log: EventLog,
): Promise<OtelTracer | undefined> {
  const { OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = config;
  const endpoint = OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? OTEL_EXPORTER_OTLP_ENDPOINT;
  const wanted = OTEL_TRACES_EXPORTER === 'otlp' || (OTEL_TRACES_EXPORTER === undefined && endpoint !== undefined);
  if (!wanted || config.OTEL_SDK_DISABLED === 'true') return undefined;
  const { OtelTracer } = await import('../adapters/traces/otel_tracer.ts');
  const options = {
    instance: config.INSTANCE_ID,
    version,
    sampler: config.OTEL_TRACES_SAMPLER,
    share: config.OTEL_TRACES_SAMPLER_ARG,
    delayMs: config.OTEL_BSP_SCHEDULE_DELAY,
  };
  return new OtelTracer(options, log);
}
