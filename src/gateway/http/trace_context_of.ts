import type { IncomingHttpHeaders } from 'node:http';
import type { TraceContext } from '../../core/observe/stream_span.ts';

/** What the client, or a proxy on the way, says that this request is a part of; not checked yet. */
export function traceContextOf({ traceparent, tracestate }: IncomingHttpHeaders): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}
