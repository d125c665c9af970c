import { existsSync, readFileSync } from 'node:fs';
import type { LoadPlan } from '../load/load_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import { inspectCertificate } from '../stack/certificates/inspect_certificate.ts';
import { doctorContext } from '../stack/doctor/check.ts';
import { operatorKey } from '../stack/keys/api_keys.ts';
import type { ConsoleConfig } from './console_config.ts';
import type { StackServices } from './stack_services.ts';

/**
 * The keys of a run, a user each: for the console's own stack, where it wants keys, its operator's. No other server
 * gets to see that one, and neither does the page.
 */
export function runKeys(plan: LoadPlan, config: ConsoleConfig): string[] {
  if (!isOwn(plan, config)) return [];
  const key = ownKey(config);
  return key === undefined ? [] : [key];
}

/** Whether the plan is about the console's own stack. */
export function isOwn({ url }: Pick<LoadPlan, 'url'>, { apiBaseUrl }: ConsoleConfig): boolean {
  return new URL(url).origin === new URL(apiBaseUrl).origin;
}

/**
 * The operator's key, where clients of the console's own stack need one; to a container the file is given only then.
 */
export function ownKey({ doctorPlace, operatorKeyFile }: ConsoleConfig): string | undefined {
  if (!doctorPlace) return operatorKeyFile === undefined ? undefined : operatorKey({ operatorKey: operatorKeyFile });
  const { options, layout } = doctorContext(doctorPlace);
  return options.auth === 'keys' ? operatorKey(layout) : undefined;
}

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
