import { existsSync, readFileSync } from 'node:fs';
import type { LoadPlan } from '../load/load_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import type { ConsoleConfig } from './console_config.ts';
import type { StackServices } from './stack_services.ts';

/** How the target is reached; a sentence where it can't be. */
export async function connectOptions(
  plan: LoadPlan,
  config: ConsoleConfig,
  stack: StackServices,
): Promise<NodeTransportOptions | string> {
  if (plan.target?.kind === 'instance') {
    const socketPath = await stack.socketOf(plan.target.name);
    return socketPath === undefined ? `${plan.target.name} can't be reached past NGINX from here.` : { socketPath };
  }
  if (new URL(plan.url).origin !== new URL(config.apiBaseUrl).origin) return {};
  // The stack's own certificate: known by its authority where that lies here, else taken as it is, as the probe does.
  const ca = config.caFile !== undefined && existsSync(config.caFile) ? readFileSync(config.caFile, 'utf8') : undefined;
  return {
    ...(ca === undefined ? { insecure: true } : { ca }),
    ...(config.connectTo === undefined ? {} : { connectTo: config.connectTo }),
  };
}
