import { existsSync, readFileSync } from 'node:fs';
import type { LoadPlan } from '../load/load_plan.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import { inspectCertificate } from '../stack/certificates/inspect_certificate.ts';
import { doctorContext } from '../stack/doctor/check.ts';
import { operatorKey } from '../stack/keys/api_keys.ts';
import type { ConsoleConfig } from './console_config.ts';
import type { StackServices } from './stack_services.ts';

/**
 * The API keys of a run, one per user. For the console's own stack this is the operator's key, if clients need keys. It
 * is never sent to another server or to the page.
 */
export function runKeys(plan: LoadPlan, config: ConsoleConfig): string[] {
  if (!isOwn(plan, config)) return [];
  const key = ownKey(config);
  return key === undefined ? [] : [key];
}

/** Whether the plan targets the console's own stack. */
export function isOwn({ url }: Pick<LoadPlan, 'url'>, { apiBaseUrl }: ConsoleConfig): boolean {
  return new URL(url).origin === new URL(apiBaseUrl).origin;
}

/**
 * The operator's key; undefined if clients of the console's own stack need none.
 */
export function ownKey({ doctorPlace, operatorKeyFile }: ConsoleConfig): string | undefined {
  if (!doctorPlace) return operatorKeyFile === undefined ? undefined : operatorKey({ operatorKey: operatorKeyFile });
  const { options, layout } = doctorContext(doctorPlace);
  return options.auth === 'keys' ? operatorKey(layout) : undefined;
}

/** How to connect to the target of a plan; a sentence if that is impossible. */
export async function connectOptions(
  plan: LoadPlan,
  config: ConsoleConfig,
  stack: StackServices,
): Promise<NodeTransportOptions | string> {
  if (plan.target?.kind === 'instance') {
    const socketPath = await stack.socketOf(plan.target.name);
    return socketPath === undefined ? `${plan.target.name} cannot be reached directly from here.` : { socketPath };
  }
  if (!isOwn(plan, config)) return {};
  const ca = authorityOf(config);
  return {
    ...(ca === undefined ? { insecure: true } : { ca }),
    ...(config.connectTo === undefined ? {} : { connectTo: config.connectTo }),
  };
}

/** The authority of the stack's certificate; undefined for an operator's certificate, which is accepted unchecked. */
function authorityOf({ caFile, doctorPlace }: ConsoleConfig): string | undefined {
  if (caFile === undefined || !existsSync(caFile)) return undefined;
  if (doctorPlace && !inspectCertificate(doctorPlace.layout.certificates).isOurs) return undefined;
  return readFileSync(caFile, 'utf8');
}
