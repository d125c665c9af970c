import type { LoadPlan } from '../load/load_plan.ts';
import { doctorContext } from '../stack/doctor/check.ts';
import { operatorKey } from '../stack/keys/api_keys.ts';
import type { ConsoleConfig } from './console_config.ts';

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
