/**
 * Names of OpenTelemetry's conventions for generative AI (github.com/open-telemetry/semantic-conventions-genai, span
 * `gen_ai.client.inference`, as of November 2026). They are still in development and kept here, so that a new version of
 * a library does not rename what dashboards ask for.
 */
export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  finishReasons: 'gen_ai.response.finish_reasons',
  /** Seconds. */
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
} as const;

/** Stable conventions. */
export const ERROR_TYPE = 'error.type';
export const SERVICE = {
  name: 'service.name',
  version: 'service.version',
  instance: 'service.instance.id',
} as const;

/** Names for which there is no convention. */
export const WEIR = {
  threadId: 'weir.thread.id',
  door: 'weir.door',
  route: 'weir.route',
  /** Where the route has a cache: hit, miss or shared. */
  cache: 'weir.cache',
  outcome: 'weir.outcome',
  /** Before the names of events, and of their facts. */
  prefix: 'weir.',
} as const;
