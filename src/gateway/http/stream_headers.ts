import type { OutgoingHttpHeaders } from 'node:http';

/** The head of every stream: nothing on the way may hold it back, change it, or keep it. */
export function streamHeaders(threadId: string, more: OutgoingHttpHeaders): OutgoingHttpHeaders {
  // Some routes have set it already, for their refusals; in another spelling it would be sent twice.
  const { 'x-thread-id': _, ...others } = more;
  return {
    ...others,
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Thread-ID': threadId,
  };
}
