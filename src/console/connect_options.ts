import { existsSync, readFileSync } from 'node:fs';
import type { LoadPlan } from '../load/load_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import { inspectCertificate } from '../stack/certificates/inspect_certificate.ts';
import type { ConsoleConfig } from './console_config.ts';
import { isOwn } from './run_keys.ts';
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
  if (!isOwn(plan, config)) return {};
  const ca = authorityOf(config);
  return {
    ...(ca === undefined ? { insecure: true } : { ca }),
    ...(config.connectTo === undefined ? {} : { connectTo: config.connectTo }),
  };
}

/** Of the stack's own certificate; without one, as with an operator's certificate, it is taken as it is. */
function authorityOf({ caFile, doctorPlace }: ConsoleConfig): string | undefined {
  if (caFile === undefined || !existsSync(caFile)) return undefined;
  if (doctorPlace && !inspectCertificate(doctorPlace.layout.certificates).isOurs) return undefined;
  return readFileSync(caFile, 'utf8');
}
