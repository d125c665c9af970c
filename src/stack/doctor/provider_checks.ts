import { readFileSync } from 'node:fs';
import { parseWeirConfig, WeirConfigError } from '../../config/parse_weir_config.ts';
import { PROVIDER_PRESETS } from '../../config/provider_presets.ts';
import { settledProvider } from '../../config/weir_config.ts';
import { type ClusterView, leftAlone } from '../../formats/cluster/cluster_view.ts';
import { describeConfigFile } from '../check_config_file.ts';
import { StackError } from '../stack_error.ts';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, warn } from './check.ts';
import { askCluster } from './gateway_checks.ts';

/** Whether instances accept the file with providers and routes. They read it when they start and on reload. */
export function checkConfigFileOf({ configFile }: DoctorContext, { services }: Situation): Check {
  const id = 'config_file';
  const file = configFile as string;
  try {
    return ok(id, describeConfigFile(file));
  } catch (error) {
    const runs = services.length > 0;
    const why = runs ? 'The instances keep the previous one; the next start will fail.' : 'No instance starts with it.';
    if (error instanceof WeirConfigError) {
      const fix = `fix it (docs/routes.md), then ${runs ? './weir reload' : './weir start --all'}`;
      return fail(id, `${file} is not valid: ${error.problems.join('; ')}`, why, fix);
    }
    if (error instanceof StackError) return fail(id, error.problem, why, error.fix);
    throw error;
  }
}

/** Whether providers accept the deployment's keys, as far as requests have shown. */
export async function checkProviderKeys(context: DoctorContext): Promise<Check> {
  const id = 'provider_keys';
  const { instances } = await askCluster(context);
  const refused = new Map(instances.flatMap(({ refused_keys = {} }) => Object.entries(refused_keys)));
  if (refused.size === 0) return ok(id, 'no provider has refused its key');
  const who = [...refused].map(([name, status]) => `${name} (${status})`).join(', ');
  const why =
    'The key is wrong or has expired, or the account may not do this. Requests fail, or go to the next target of their ' +
    'route, until one succeeds.';
  const file = readPlan(context.layout.planFile)?.settings.configFile;
  const fix = [...refused.keys()].map((name) => fixFor(name, file)).join('; ');
  return warn(id, `the key of this deployment was refused by ${who}`, why, fix);
}

/** How to set a key, and how the instances then read it. @param name a provider, or `provider#2` for one of its keys */
export function fixFor(name: string, file: string | undefined): string {
  const { keyFile, variable } = placeOf(name, file);
  if (keyFile !== undefined) return `put the right key of ${name} into ${keyFile}, then ./weir reload`;
  if (variable !== undefined) return `${variable}=… ./weir restart`;
  return `give ${name} an api_key_env or api_key_file in ${file}, then ./weir restart`;
}

function placeOf(
  name: string,
  file: string | undefined,
): { keyFile?: string | undefined; variable?: string | undefined } {
  const [provider = '', number = '1'] = name.split('#');
  if (file === undefined)
    return { variable: (PROVIDER_PRESETS as Record<string, { api_key_env?: string }>)[provider]?.api_key_env };
  try {
    const settings = parseWeirConfig(readFileSync(file, 'utf8'), file).providers[provider];
    const settled = settings && settledProvider(settings);
    const at = Number(number) - 1;
    return { keyFile: settled?.api_key_file[at], variable: settled?.api_key_env[at] };
  } catch {
    // The file may have changed since the instances read it.
    return {};
  }
}

/** Whether providers answer, as far as requests have shown. */
export async function checkProviders(context: DoctorContext): Promise<Check> {
  return providersFinding(await askCluster(context));
}

export function providersFinding({ instances }: Pick<ClusterView, 'instances'>): Check {
  const id = 'providers';
  const troubled = leftAlone(instances);
  const [first] = [...troubled.values()];
  if (!first) return ok(id, 'no provider is skipped for failing');
  const who = [...troubled].map(([provider, by]) => `${provider} (by ${by.join(', ')})`).join('; ');
  const why =
    'It failed several times. Requests go to the next target of their route, or get 503 without one, until a trial ' +
    'request succeeds. The log says how it failed.';
  return warn(id, `skipped for failing: ${who}`, why, `./weir logs ${first[0]}`);
}
