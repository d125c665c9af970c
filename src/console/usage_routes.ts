import type { FastifyInstance } from 'fastify';
import { USAGE_DAYS } from '../protocol/usage_row.ts';
import { doctorContext } from '../stack/doctor/doctor_place.ts';
import { readKeys } from '../stack/keys/key_file.ts';
import { StackError } from '../stack/stack_error.ts';
import { readUsage } from '../stack/usage/read_usage.ts';
import type { ConsoleConfig } from './console_config.ts';

const DEFAULT_DAYS = 7;

/** What keys have used; on the console's own surface only, as it is about all clients. */
export function registerUsage(app: FastifyInstance, { doctorPlace }: ConsoleConfig): void {
  app.get<{ Querystring: { days?: string } }>('/api/usage', async ({ query }, reply) => {
    reply.header('cache-control', 'no-store');
    if (!doctorPlace) {
      const message = 'Usage is shown by the console of a native stack, which ./weir start --all brings.';
      return reply.code(404).send({ error: 'not_found', message });
    }
    const days = Number(query.days ?? DEFAULT_DAYS);
    if (!Number.isInteger(days) || days < 1 || days > USAGE_DAYS) {
      const message = `days: has to be a whole number from 1 to ${USAGE_DAYS}.`;
      return reply.code(422).send({ error: 'validation_error', message });
    }
    const { layout, options } = doctorContext(doctorPlace);
    try {
      const view = await readUsage(layout, options, days);
      const key_names = Object.fromEntries(readKeys(layout.apiKeys).map(({ id, name }) => [id, name]));
      return { ...view, key_names };
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      return reply.code(503).send({ error: 'service_unavailable', message: error.message });
    }
  });
}
