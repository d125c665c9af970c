import type { OutgoingHttpHeaders } from 'node:http';

/** The head of every stream: nothing on the way may hold it back, change it, or keep it. */
export function streamHeaders(threadId: string, more: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return {
    ...more,
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
    // Spelt as Fastify spells those that are set already: another spelling would be the same header twice.
    'x-thread-id': threadId,
  };
}
