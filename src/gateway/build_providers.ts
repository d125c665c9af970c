import path from 'node:path';
import type { FakeUpstream } from '../adapters/providers/fake_upstream.ts';
import { HttpUpstream } from '../adapters/providers/http_upstream.ts';
import { ProviderAgent } from '../adapters/providers/provider_agent.ts';
import { ANTHROPIC_VERSION } from '../adapters/providers/spoken_format.ts';
import { UpstreamServer } from '../adapters/providers/upstream_server.ts';
import { LOCAL_PROVIDER, namedModels, type ProviderSettings, settledProvider } from '../config/weir_config.ts';
import { CredentialStatus } from '../core/routing/credential_status.ts';
import { ProviderBreaker } from '../core/routing/provider_breaker.ts';
import { RoutingTable } from '../core/routing/routing_table.ts';
import type { RoutedUpstream } from '../core/routing/selected_route.ts';
import type { TimerWheel } from '../core/time/timer_wheel.ts';
import { redactor } from '../core/upstream/redactor.ts';
import type { LoadedProviders } from './load_providers.ts';
import { providerKey } from './provider_key.ts';

/** A shorter value is no secret, and would be found in any text. */
const SECRET_LENGTH = 8;
export interface ProviderSurroundings {
  fake: FakeUpstream;
  wheel: TimerWheel;
  /** Where keys are. */
  environment: Readonly<Record<string, string | undefined>>;
  /** From where their files are looked for. */
  folder: string;
}

/** All upstreams of one configuration, and the connections that are theirs. */
export function buildProviders({ config, defaultProvider }: LoadedProviders, around: ProviderSurroundings) {
  const agents: ProviderAgent[] = [];
  const upstreams = Object.entries(config.providers).map(([name, settings]): RoutedUpstream => {
    const agent = new ProviderAgent(settings.timeouts.connect_seconds * 1000);
    agents.push(agent);
    return upstreamOf(name, settings, namedModels(config, name), agent, around);
  });
  const fake: RoutedUpstream = {
    upstream: around.fake,
    models: [...new Set([...around.fake.models, ...namedModels(config, LOCAL_PROVIDER)])],
    breaker: undefined,
    credential: undefined,
    firstTokenMs: undefined,
  };
  return {
    config,
    table: new RoutingTable([fake, ...upstreams], config.routes, defaultProvider),
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

function upstreamOf(
  name: string,
  settings: ProviderSettings,
  models: readonly string[],
  agent: ProviderAgent,
  { wheel, environment, folder }: ProviderSurroundings,
): RoutedUpstream {
  const {
    base_url,
    protocol,
    speaks,
    continuation,
    timeouts,
    max_tokens: maxTokens,
    ...settled
  } = settledProvider(settings);
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
  const server = new UpstreamServer({ provider: name, baseUrl, headers, silenceMs, redact }, agent, wheel);
  const modelsRequest = {
    method: 'GET',
    path: isAnthropic ? '/models?limit=1000' : '/models',
    body: undefined,
    headers: isAnthropic ? { 'anthropic-version': ANTHROPIC_VERSION } : {},
    silenceMs: 0,
  } as const;
  return {
    upstream: new HttpUpstream(server, { speaks, modelsRequest, continuation, unusable, maxTokens }),
    models,
    breaker: new ProviderBreaker(),
    credential: new CredentialStatus(name, place),
    firstTokenMs: timeouts.first_token_seconds === undefined ? undefined : timeouts.first_token_seconds * 1000,
  };
}
