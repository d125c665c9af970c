import path from 'node:path';
import { HttpOrigin } from '../adapters/providers/http_origin.ts';
import { OpenAiEndpoint } from '../adapters/providers/openai_endpoint.ts';
import { OpenAiProvider } from '../adapters/providers/openai_provider.ts';
import { ProviderAgent } from '../adapters/providers/provider_agent.ts';
import { LOCAL_PROVIDER, namedModels, type ProviderSettings, settledProvider } from '../config/weir_config.ts';
import { LOCAL_PROTOCOLS } from '../core/passthrough/origin_registry.ts';
import { redactor } from '../core/passthrough/redactor.ts';
import type { Provider } from '../core/provider/provider.ts';
import { KeyStanding } from '../core/routing/key_standing.ts';
import { ProviderBreaker } from '../core/routing/provider_breaker.ts';
import { type Offer, RoutingTable } from '../core/routing/routing_table.ts';
import type { TimerWheel } from '../core/time/timer_wheel.ts';
import { PROVIDER_SILENCE_MS } from '../formats/timing.ts';
import { ANTHROPIC_VERSION } from './doors/door.ts';
import type { LoadedProviders } from './load_providers.ts';
import { providerKey } from './provider_key.ts';

/** A shorter value is no secret, and would be found in any text. */
const SECRET_LENGTH = 8;

export interface ProviderSurroundings {
  /** The provider in this process. */
  local: Provider;
  wheel: TimerWheel;
  /** Where keys are. */
  environment: Readonly<Record<string, string | undefined>>;
  /** From where their files are looked for. */
  folder: string;
}

/** All providers of one configuration, and the connections that are theirs. */
export function buildProviders({ config, defaultProvider }: LoadedProviders, around: ProviderSurroundings) {
  const agents: ProviderAgent[] = [];
  const offers = Object.entries(config.providers).map(([name, settings]): Offer => {
    const agent = new ProviderAgent(settings.timeouts.connect_seconds * 1000);
    agents.push(agent);
    return offerOf(name, settings, namedModels(config, name), agent, around);
  });
  const local: Offer = {
    name: LOCAL_PROVIDER,
    provider: around.local,
    origin: undefined,
    speaks: [...LOCAL_PROTOCOLS],
    models: [...new Set([...around.local.models, ...namedModels(config, LOCAL_PROVIDER)])],
    breaker: undefined,
    key: undefined,
    firstTokenMs: undefined,
  };
  return {
    config,
    table: new RoutingTable([local, ...offers], config.routes, defaultProvider, LOCAL_PROVIDER),
    /** Another configuration holds: what runs ends as it began, and takes its connections with it. */
    async retire(): Promise<void> {
      await Promise.all(agents.map((agent) => agent.retire()));
    },
    /** Ends what runs, too. */
    async close(): Promise<void> {
      await Promise.all(agents.map((agent) => agent.close()));
    },
  };
}

function offerOf(
  name: string,
  settings: ProviderSettings,
  models: readonly string[],
  agent: ProviderAgent,
  { wheel, environment, folder }: ProviderSurroundings,
): Offer {
  const { base_url, protocol, speaks, continuation, timeouts, ...settled } = settledProvider(settings);
  const file = settled.api_key_file === undefined ? undefined : path.resolve(folder, settled.api_key_file);
  const isNamed = settings.api_key_env !== undefined || settings.api_key_file !== undefined;
  const whereKeyIs = { base_url, file, variable: settled.api_key_env, isNamed };
  const { key, place, unusable } = providerKey(name, whereKeyIs, environment);
  const isAnthropic = protocol === 'anthropic';
  const keyHeader = isAnthropic ? { 'x-api-key': key } : { authorization: `Bearer ${key}` };
  const given = Object.entries(settled.headers).map(([header, value]) => [header.toLowerCase(), value]);
  const headers = { ...(key === undefined ? {} : keyHeader), ...Object.fromEntries(given) } as Record<string, string>;
  // Anthropic's clients name the address without the version; who names it with one means the same.
  const baseUrl = isAnthropic ? `${base_url.replace(/(\/v1)?\/*$/, '')}/v1` : base_url;
  const silenceMs = timeouts.silence_seconds === undefined ? undefined : timeouts.silence_seconds * 1000;
  const secrets = [...(key === undefined ? [] : [key]), ...Object.values(settled.headers)];
  const redact = redactor(secrets.filter(({ length }) => length >= SECRET_LENGTH));
  const about = { provider: name, baseUrl, headers, silenceMs: silenceMs ?? PROVIDER_SILENCE_MS, redact };
  const endpoint = new OpenAiEndpoint(about, agent, wheel);
  const origin = new HttpOrigin(
    {
      name,
      speaks,
      modelsPath: isAnthropic ? '/models?limit=1000' : '/models',
      modelsHeaders: isAnthropic ? { 'anthropic-version': ANTHROPIC_VERSION } : {},
      baseUrl,
      headers,
      redact,
      silenceMs,
      unusable,
    },
    agent,
    wheel,
  );
  return {
    name,
    provider: speaks.includes('chat') ? new OpenAiProvider(endpoint, { continuation, unusable }) : undefined,
    origin,
    speaks,
    models,
    breaker: new ProviderBreaker(),
    key: new KeyStanding(name, place),
    firstTokenMs: timeouts.first_token_seconds === undefined ? undefined : timeouts.first_token_seconds * 1000,
  };
}
