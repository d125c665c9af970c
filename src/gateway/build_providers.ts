import { resolve } from 'node:path';
import type { FakeUpstream } from '../adapters/providers/fake_upstream.ts';
import { HttpUpstream } from '../adapters/providers/http_upstream.ts';
import { ProviderAgent } from '../adapters/providers/provider_agent.ts';
import { ANTHROPIC_VERSION } from '../adapters/providers/spoken_format.ts';
import { UpstreamServer } from '../adapters/providers/upstream_server.ts';
import {
  countedProviders,
  LOCAL_PROVIDER,
  namedModels,
  type SettledProvider,
  settledProvider,
} from '../config/weir_config.ts';
import { CredentialStatus } from '../core/routing/credential_status.ts';
import { ProviderBreaker } from '../core/routing/provider_breaker.ts';
import type { ProviderLoad } from '../core/routing/provider_load.ts';
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
  /** Streams of all configurations. */
  load: ProviderLoad;
}

/** All upstreams of one configuration, and the connections that are theirs. */
export function buildProviders({ config, defaultProvider }: LoadedProviders, around: ProviderSurroundings) {
  const agents: ProviderAgent[] = [];
  const upstreams = Object.entries(config.providers).flatMap(([name, settings]): RoutedUpstream[] => {
    const agent = new ProviderAgent(settings.timeouts.connect_seconds * 1000);
    agents.push(agent);
    const settled = settledProvider(settings);
    const isNamed = settings.api_key_env !== undefined || settings.api_key_file !== undefined;
    return keysOf(settled).map((key) => {
      return upstreamOf(name, settled, { ...key, isNamed }, namedModels(config, name), agent, around);
    });
  });
  const fake: RoutedUpstream = {
    upstream: around.fake,
    key: '',
    models: [...new Set([...around.fake.models, ...namedModels(config, LOCAL_PROVIDER)])],
    breaker: undefined,
    credential: undefined,
    firstTokenMs: undefined,
  };
  return {
    config,
    counted: countedProviders(config),
    table: new RoutingTable([fake, ...upstreams], config.routes, defaultProvider, (name) => around.load.of(name)),
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

/** Where a provider's keys are; at least one place, though it may be none. */
function keysOf({ api_key_env, api_key_file }: SettledProvider): { variable?: string; file?: string }[] {
  const places = [...api_key_file.map((file) => ({ file })), ...api_key_env.map((variable) => ({ variable }))];
  return places.length === 0 ? [{}] : places;
}

function upstreamOf(
  name: string,
  { base_url, protocol, speaks, continuation, timeouts, ...settled }: SettledProvider,
  { variable, file, isNamed }: { variable?: string; file?: string; isNamed: boolean },
  models: readonly string[],
  agent: ProviderAgent,
  { wheel, environment, folder, load }: ProviderSurroundings,
): RoutedUpstream {
  const keyFile = file === undefined ? undefined : resolve(folder, file);
  const { key, place, unusable } = providerKey(name, { base_url, file: keyFile, variable, isNamed }, environment);
  const isAnthropic = protocol === 'anthropic';
  const keyHeader = isAnthropic ? { 'x-api-key': key } : { authorization: `Bearer ${key}` };
  const given = Object.entries(settled.headers).map(([header, value]) => [header.toLowerCase(), value]);
  const headers = { ...(key === undefined ? {} : keyHeader), ...Object.fromEntries(given) } as Record<string, string>;
  // Anthropic's clients name the address without the version; who names it with one means the same.
  const baseUrl = isAnthropic ? `${base_url.replace(/(\/v1)?\/*$/, '')}/v1` : base_url;
  const silenceMs = timeouts.silence_seconds === undefined ? undefined : timeouts.silence_seconds * 1000;
  const secrets = [...(key === undefined ? [] : [key]), ...Object.values(settled.headers)];
  const redact = redactor(secrets.filter(({ length }) => length >= SECRET_LENGTH));
  const server = new UpstreamServer(
    { provider: name, baseUrl, headers, silenceMs, redact, calls: load.callsOf(name) },
    agent,
    wheel,
  );
  const modelsRequest = {
    method: 'GET',
    path: isAnthropic ? '/models?limit=1000' : '/models',
    body: undefined,
    headers: isAnthropic ? { 'anthropic-version': ANTHROPIC_VERSION } : {},
    silenceMs: 0,
  } as const;
  return {
    upstream: new HttpUpstream(server, {
      speaks,
      modelsRequest,
      continuation,
      unusable,
      maxTokens: settled.max_tokens,
    }),
    key: variable ?? file ?? '',
    models,
    breaker: new ProviderBreaker(),
    credential: new CredentialStatus(name, place),
    firstTokenMs: timeouts.first_token_seconds === undefined ? undefined : timeouts.first_token_seconds * 1000,
  };
}
