import type { FastifyInstance } from 'fastify';
import { type ShortRequest, shortRequest } from '../stack/http_request.ts';
import { mergeMetrics } from './merge_metrics.ts';
import type { StackServices } from './stack_services.ts';

/** For each instance; Prometheus itself waits for ten seconds. */
const WITHIN_MS = 3_000;
/** An instance has some tens of kilobytes; whatever sends more than this is none. */
const MAX_LENGTH = 8 * 1024 * 1024;

const NO_INSTANCES = 'No instance is known here; ./weir status says what runs.';

/** `GET /metrics`: those of all instances as one text; on the console's own surface only, as it is about all clients. */
export function registerMetrics(app: FastifyInstance, stack: StackServices): void {
  app.get('/metrics', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    const doors = [...(await stack.instanceDoors('/metrics'))];
    // Nothing to tell is a failed scrape, and not a deployment of which all is well.
    if (doors.length === 0) return reply.code(503).send({ error: 'service_unavailable', message: NO_INSTANCES });
    const texts = await Promise.all(doors.map(async ([name, door]) => [name, await metricsAt(door)] as const));
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(mergeMetrics(new Map(texts)));
  });
}

async function metricsAt(door: ShortRequest): Promise<string | undefined> {
  const tooLong = new AbortController();
  let length = 0;
  const onData = (piece: string) => {
    length += piece.length;
    if (length > MAX_LENGTH) tooLong.abort();
  };
  try {
    const answer = await shortRequest({ ...door, timeoutMs: WITHIN_MS, signal: tooLong.signal, onData });
    return answer.status === 200 ? answer.body : undefined;
  } catch {
    return undefined;
  }
}
