import { createRequire } from 'node:module';
import type undici from 'undici';

/**
 * What is used of undici. Its index loads all of it, also fetch, WebSocket and caches: three times the CPU, at each
 * start of an instance.
 */
const load = createRequire(import.meta.url);

export const Agent = load('undici/lib/dispatcher/agent.js') as typeof undici.Agent;
export const buildConnector = load('undici/lib/core/connect.js') as typeof undici.buildConnector;

/** As {@link undici.Dispatcher.request}, which undici's index gives to all dispatchers. */
export function request(
  agent: undici.Agent,
  options: undici.Dispatcher.RequestOptions & { origin: string },
): Promise<undici.Dispatcher.ResponseData> {
  type Request = (this: undici.Agent, asked: typeof options) => Promise<undici.Dispatcher.ResponseData>;
  return (load('undici/lib/api/api-request.js') as Request).call(agent, options);
}
