import { readFileSync } from 'node:fs';
import { parseWeirConfig } from '../../config/parse_weir_config.ts';
import { PROVIDER_PRESETS } from '../../config/provider_presets.ts';
import { settledProvider } from '../../config/weir_config.ts';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, ok, warn } from './check.ts';
import { askCluster } from './gateway_checks.ts';

/** Do providers take the deployment's keys, as far as requests have shown. */
export async function checkProviderKeys(context: DoctorContext): Promise<Check> {
  const id = 'provider_keys';
  const { instances } = await askCluster(context);
  const refused = new Map(instances.flatMap(({ refused_keys = {} }) => Object.entries(refused_keys)));
  if (refused.size === 0) return ok(id, 'no provider has refused its key');
  const who = [...refused].map(([name, status]) => `${name} (${status})`).join(', ');
  const why =
    'It is wrong or has ended, or the account may not do this. Requests fail, or go to the next target of their route, ' +
    'until one is answered again.';
  const file = readPlan(context.layout.planFile)?.settings.configFile;
  const mend = [...refused.keys()].map((name) => mendOf(name, file)).join('; ');
  return warn(id, `the key of this deployment was refused by ${who}`, why, mend);
}

/** Where a provider's key is set, and what then has the instances take it. */
function mendOf(name: string, file: string | undefined): string {
  const { keyFile, variable } = placeOf(name, file);
  if (keyFile !== undefined) return `put the right key of ${name} into ${keyFile}, then ./weir reload`;
  if (variable !== undefined) return `${variable}=… ./weir restart`;
  return `give ${name} an api_key_env or api_key_file in ${file}, then ./weir restart`;
}

function placeOf(
  name: string,
  file: string | undefined,
): { keyFile?: string | undefined; variable?: string | undefined } {
  if (file === undefined)
    return { variable: (PROVIDER_PRESETS as Record<string, { api_key_env?: string }>)[name]?.api_key_env };
  try {
    const settings = parseWeirConfig(readFileSync(file, 'utf8'), file).providers[name];
    const settled = settings && settledProvider(settings);
    return { keyFile: settled?.api_key_file, variable: settled?.api_key_env };
  } catch {
    // The instances go on with the file that they have read; it may have become another since.
    return {};
  }
}
