import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type HealthView, healthViewSchema } from '../../formats/cluster/cluster_view.ts';

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
