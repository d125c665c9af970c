import type { LoadPlan } from '../load/load_plan.ts';
import { doctorContext } from '../stack/doctor/doctor_place.ts';
import { operatorKey } from '../stack/keys/operator_key.ts';
import type { ConsoleConfig } from './console_config.ts';

/**
 * The keys of a run, a user each: for the console's own stack, where it wants keys, its operator's. No other server
 * gets to see that one, and neither does the page.
 */
export function runKeys({ url }: LoadPlan, { apiBaseUrl, doctorPlace }: ConsoleConfig): string[] {
  if (!doctorPlace || new URL(url).origin !== new URL(apiBaseUrl).origin) return [];
  const { options, layout } = doctorContext(doctorPlace);
  const key = options.auth === 'keys' ? operatorKey(layout) : undefined;
  return key === undefined ? [] : [key];
}
