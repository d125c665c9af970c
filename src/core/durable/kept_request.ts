import { z } from 'zod';
import { type StreamRequest, streamRequestSchema } from '../../formats/weir/stream_request.ts';

const keptBodySchema = z.strictObject({
  /** The endpoint's name. */
  endpoint: z.string(),
  /** As the client wrote it. */
  body: z.string(),
  /** Those of the client that a provider gets. */
  headers: z.record(z.string(), z.string()),
});

/** A request of an endpoint that speaks the format of others. */
export type KeptBody = z.infer<typeof keptBodySchema>;

/** A client's request, as it is kept for an instance that goes on with its stream. */
export type KeptRequest = StreamRequest | KeptBody;

/** @param value what a store gave back @throws ZodError */
export function parseKeptRequest(value: unknown): KeptRequest {
  const isBody = typeof value === 'object' && value !== null && 'endpoint' in value;
  return isBody ? keptBodySchema.parse(value) : streamRequestSchema.parse(value);
}
