import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type ClusterView,
  clusterViewSchema,
  type HealthView,
  healthViewSchema,
} from '../../formats/cluster/cluster_view.ts';
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

const wordSchema = z.object({ status: z.string() });

/** Health for people, and for balancers: live (the process runs) and ready (it wants requests). */
export function healthRoutes(app: FastifyInstance, health: () => HealthView, ready: () => boolean): void {
  app.get('/api/v1/health', {
    schema: { summary: 'Health, Redis and pool', response: { 200: healthViewSchema, 503: healthViewSchema } },
    handler: async (_, reply) => {
      const view = health();
      return reply.status(view.status === 'unhealthy' ? 503 : 200).send(view);
    },
  });
  app.get('/api/v1/health/live', {
    schema: { summary: 'The process runs', response: { 200: wordSchema } },
    handler: async () => ({ status: 'live' }),
  });
  app.get('/api/v1/health/ready', {
    schema: { summary: 'The instance wants requests', response: { 200: wordSchema, 503: wordSchema } },
    handler: async (_, reply) =>
      ready() ? reply.send({ status: 'ready' }) : reply.status(503).send({ status: 'draining' }),
  });
}
