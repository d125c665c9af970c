import type { FastifyInstance } from 'fastify';
import { type ClusterView, clusterViewSchema } from '../../formats/cluster/cluster_view.ts';
import type { ClusterFeed } from '../cluster/cluster_feed.ts';
import { eventStream } from './stream_docs.ts';

/** `GET /api/v1/cluster`, once or live. */
export function clusterRoutes(app: FastifyInstance, view: () => Promise<ClusterView>, feed: ClusterFeed): void {
  app.get('/api/v1/cluster', {
    schema: { summary: 'Every instance, and the totals', response: { 200: clusterViewSchema } },
    handler: () => view(),
  });
  app.get('/api/v1/cluster/events', {
    schema: {
      summary: 'The same, live, four times a second, as event "cluster"',
      response: { 200: eventStream('The view, again and again') },
    },
    handler: async (_, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-cache, no-transform',
        'X-Accel-Buffering': 'no',
      });
      feed.add(reply.raw);
      return reply;
    },
  });
}
