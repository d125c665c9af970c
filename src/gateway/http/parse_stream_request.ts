import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LOCAL_PROVIDER } from '../../config/weir_config.ts';
import type { ReaderWish } from '../../core/durable/log_format.ts';
import type { TraceContext } from '../../core/observe/stream_span.ts';
import type { SelectedRoute } from '../../core/routing/selected_route.ts';
import { WeirError } from '../../formats/error_code.ts';
import { shapeProblem } from '../../formats/json_object.ts';
import { type StreamRequest, streamRequestSchema, THREAD_ID } from '../../formats/weir/stream_request.ts';

/** A field that is not as it should be, by its path in the body, or a header's name. */
interface BadField {
  field: string;
  message: string;
}

/** @returns the client's own id, or a new one. @throws WeirError validation_error */
export function threadIdOf(header: string | string[] | undefined): string {
  if (header === undefined) return randomUUID();
  if (typeof header === 'string' && THREAD_ID.test(header)) return header;
  throw invalid([{ field: 'X-Thread-ID', message: 'must be 1 to 128 of A-Z a-z 0-9 _ -' }]);
}

/** Names every bad field at once. @throws WeirError validation_error */
export function parseStreamRequest(body: unknown): StreamRequest {
  const message = shapeProblem(body);
  if (message !== undefined) {
    throw new WeirError('validation_error', { message, details: { fields: [{ field: 'body', message }] } });
  }
  const parsed = streamRequestSchema.safeParse(body);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map((issue) => ({ field: issue.path.join('.') || 'body', message: issue.message })),
    );
  }
  const request = parsed.data;
  if (request.fake && request.provider !== undefined && request.provider !== LOCAL_PROVIDER) throw strayKnobs();
  return request;
}

/** @throws WeirError validation_error for knobs of the fake provider where no target is that one */
export function checkKnobs({ fake }: { fake?: unknown }, { targets }: SelectedRoute): void {
  if (!fake || targets.some(({ upstream }) => upstream.isFake)) return;
  throw strayKnobs();
}

function strayKnobs(): WeirError {
  return invalid([{ field: 'fake', message: 'only goes with provider "fake"' }]);
}

function invalid(fields: BadField[]): WeirError {
  const names = fields.map((bad) => bad.field).join(', ');
  return new WeirError('validation_error', {
    message: `Not valid: ${names}; details.fields says why.`,
    details: { fields },
  });
}

/** What the client, or a proxy on the way, says that this request is a part of; not checked yet. */
export function traceContextOf({ traceparent, tracestate }: IncomingHttpHeaders): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}

/** Asks for a stream that can be resumed, and for the ids of its events. */
export const RESUMABLE = 'X-Weir-Resumable';

export function asksToResume({ headers }: { headers: IncomingHttpHeaders }): boolean {
  return headers['x-weir-resumable'] === 'true';
}

/** How a client reads: it has use for ids where it asks for them, or has had one. */
export function wishOf(request: { headers: IncomingHttpHeaders }): ReaderWish {
  return { withIds: asksToResume(request) || request.headers['last-event-id'] !== undefined };
}

const KEY = /^[\x21-\x7e]{1,200}$/;

/** The client's key and the hash of what it asks: a key stands for one request. @throws WeirError validation_error */
export function idempotencyOf(
  header: string | string[] | undefined,
  asked: readonly (string | Uint8Array)[],
): { key: string; bodyHash: string } | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) {
    const fields = [{ field: 'Idempotency-Key', message: 'must be 1 to 200 visible ASCII characters' }];
    throw new WeirError('validation_error', { message: 'Not valid: Idempotency-Key.', details: { fields } });
  }
  // Whatever the client's library put into its key, it is as good as any as a part of our own.
  return { key: shortHash([header]), bodyHash: shortHash(asked) };
}

function shortHash(texts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const [at, text] of texts.entries()) hash.update(at === 0 ? '' : '\0').update(text);
  return hash.digest('hex').slice(0, 32);
}
