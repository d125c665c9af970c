import { readFileSync } from 'node:fs';
import { parseWeirConfig, WeirConfigError } from '../config/parse_weir_config.ts';
import { LOCAL_PROVIDER, type WeirConfig, weirConfigSchema } from '../config/weir_config.ts';
import type { GatewayConfig } from './config.ts';

/** Providers and routes, and who answers where none is named. */
export interface LoadedProviders {
  config: WeirConfig;
  defaultProvider: string;
}

/** Reads the file that `WEIR_CONFIG` names, or makes the same of the environment. @throws WeirConfigError */
export function loadProviders(environment: GatewayConfig): LoadedProviders {
  const file = environment.WEIR_CONFIG;
  const config = file === undefined ? fromEnvironment(environment) : parseWeirConfig(textOf(file), file);
  const defaultProvider = config.default_provider ?? environment.DEFAULT_PROVIDER;
  const known = [LOCAL_PROVIDER, ...Object.keys(config.providers)];
  if (!known.includes(defaultProvider)) {
    const where = file === undefined ? 'The environment' : file;
    const problem = `DEFAULT_PROVIDER is "${defaultProvider}", which is not there; take one of ${known.join(', ')}`;
    throw new WeirConfigError(where, [problem]);
  }
  return { config, defaultProvider };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new WeirConfigError(file, [`it can not be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}

function fromEnvironment(environment: GatewayConfig): WeirConfig {
  const { OPENAI_BASE_URL, OPENAI_CONTINUATION: continuation, ANTHROPIC_BASE_URL } = environment;
  return weirConfigSchema.parse({
    providers: {
      openai: { preset: 'openai', base_url: OPENAI_BASE_URL, capabilities: { continuation } },
      anthropic: { preset: 'anthropic', base_url: ANTHROPIC_BASE_URL },
    },
  });
}
