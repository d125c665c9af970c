import type { FastifyInstance } from 'fastify';
import { USAGE_DAYS } from '../formats/cluster/usage_days.ts';
import { keptSecret } from '../stack/compose/private_files.ts';
import { doctorContext } from '../stack/doctor/check.ts';
import { readKeys } from '../stack/keys/api_keys.ts';
import { StackError } from '../stack/stack_error.ts';
import { type AskPeer, networkPeers, readUsage, readUserUsage, socketPeers } from '../stack/usage/read_usage.ts';
import type { ConsoleConfig } from './console_config.ts';

const DEFAULT_DAYS = 7;

/** Usage by key, or with `by=user` by user. */
export function registerUsage(app: FastifyInstance, config: ConsoleConfig): void {
  app.get<{ Querystring: { days?: string; by?: string } }>('/api/usage', async ({ query }, reply) => {
    reply.header('cache-control', 'no-store');
    const source = usageSource(config);
    if (!source) {
      const message = 'This console belongs to no stack. ./weir start --all starts a stack whose console shows usage.';
      return reply.code(404).send({ error: 'not_found', message });
    }
    const days = Number(query.days ?? DEFAULT_DAYS);
    if (!Number.isInteger(days) || days < 1 || days > USAGE_DAYS) {
      const message = `days: must be a whole number from 1 to ${USAGE_DAYS}.`;
      return reply.code(422).send({ error: 'validation_error', message });
    }
    try {
      const view = await (query.by === 'user' ? readUserUsage : readUsage)(source.peers, days);
      const keys = source.keysFile === undefined ? [] : readKeys(source.keysFile);
      const key_names = Object.fromEntries(keys.map(({ id, name }) => [id, name]));
      return { ...view, key_names };
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      return reply.code(503).send({ error: 'service_unavailable', message: error.message });
    }
  });
}

/** The sources of usage and of the keys' names; undefined for a console that belongs to no stack. */
function usageSource(config: ConsoleConfig): { peers: AskPeer[]; keysFile: string | undefined } | undefined {
  const { doctorPlace, peerUrls, peerSecret, peerSecretFile, apiKeysFile } = config;
  if (doctorPlace) {
    const { layout, options } = doctorContext(doctorPlace);
    return { peers: socketPeers(layout, options), keysFile: layout.apiKeys };
  }
  if (peerUrls.length === 0) return undefined;
  const secret = peerSecret || (peerSecretFile === undefined ? '' : keptSecret(peerSecretFile));
  return { peers: networkPeers(peerUrls, secret), keysFile: apiKeysFile };
}
