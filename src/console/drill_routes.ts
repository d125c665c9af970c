import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DRILL_ACTIONS, kindOf, type StackServices } from './stack_services.ts';

const drillSchema = z.object({ service: z.string(), action: z.enum(DRILL_ACTIONS) });

/** Lists the stack's services, and stops them on purpose. */
export function registerDrills(app: FastifyInstance, stack: StackServices, onFailure: (error: Error) => void): void {
  app.get('/api/services', async (_, reply) => {
    const services = (await stack.list()).map(({ name, state, pid, healthy, active_streams }) => {
      return { name, kind: kindOf(name), state, pid, healthy, active_streams };
    });
    return reply.header('cache-control', 'no-store').send({ services });
  });

  app.post('/api/drills', async ({ body }, reply) => {
    const parsed = drillSchema.safeParse(body);
    if (!parsed.success) {
      const message = `Send a service and one of the actions ${DRILL_ACTIONS.join(', ')}.`;
      return reply.code(422).send({ error: 'validation_error', message, details: {} });
    }
    if (!stack.canDrill) {
      const message = 'Drills need the native stack. Here, stop a container instead.';
      return reply.code(422).send({ error: 'validation_error', message, details: {} });
    }
    const { service, action } = parsed.data;
    const found = (await stack.list()).find(({ name }) => name === service);
    if (!found || kindOf(service) === 'console') {
      const message = found ? 'The console cannot stop itself.' : `There is no service ${service}.`;
      return reply.code(422).send({ error: 'validation_error', message, details: {} });
    }
    const done = stack.drill(service, action);
    // Start and stop take long. `GET /api/services` shows the progress.
    if (action === 'start' || action === 'stop') done.catch(onFailure);
    else await done;
    return reply.code(202).send({});
  });
}
