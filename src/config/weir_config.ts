import { z } from 'zod';
import {
  API_FORMATS,
  CONTINUATIONS,
  PROTOCOLS,
  PROVIDER_PRESETS,
  type PresetName,
  type ProviderPreset,
} from './provider_presets.ts';

/** The provider inside every instance; it is always there, and routes may lead to it. */
export const LOCAL_PROVIDER = 'fake';

/** Ways to order the targets of a route, beside the order of the file and the draw by weight. */
export const ROUTE_ORDERS = ['affinity', 'least_busy'] as const;

const seconds = (max: number) => z.number().positive().max(max);

/** Tokens are charged by the million, in USD. */
const priceSchema = z.strictObject({
  input: z.number().min(0).describe('USD for a million input tokens'),
  output: z.number().min(0).describe('USD for a million output tokens'),
});

/** One, or a list of them. */
const oneOrMore = (each: z.ZodString) =>
  z.union([each, z.array(each).min(1).max(16)], 'takes a name, or a list of up to 16 names');

const providerSchema = z.strictObject({
  preset: z
    .enum(Object.keys(PROVIDER_PRESETS) as [PresetName, ...PresetName[]])
    .optional()
    .describe('what is known of this provider; everything below overrides it'),
  protocol: z.enum(PROTOCOLS).optional().describe('how the key is sent and what the paths are called; openai'),
  base_url: z
    .url({ protocol: /^https?$/, error: 'takes an http:// or https:// address' })
    .optional()
    .describe('where it is, with the version: https://api.openai.com/v1'),
  api_key_env: oneOrMore(
    z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'takes the name of an environment variable (A-Z 0-9 _), not a key'),
  )
    .optional()
    .describe('environment variable that holds the key; a list for several keys'),
  api_key_file: oneOrMore(z.string().min(1))
    .optional()
    .describe('file that holds the key, relative to this file; a list for several keys'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('sent with every call; treated as secrets, as some servers want their key there'),
  timeouts: z
    .strictObject({
      connect_seconds: seconds(60).default(5).describe('for the connection'),
      first_token_seconds: seconds(600)
        .optional()
        .describe('until a streamed answer says something; a route may differ'),
      silence_seconds: seconds(600).optional().describe('for the head, and then between bytes; 60, on /v1 180'),
    })
    .default({ connect_seconds: 5 }),
  capabilities: z
    .strictObject({
      speaks: z.array(z.enum(API_FORMATS)).min(1).optional().describe('which APIs it has; chat'),
      continuation: z
        .enum(CONTINUATIONS)
        .optional()
        .describe('how to continue a resumable answer after its instance died; none'),
    })
    .default({}),
  max_tokens: z
    .record(z.string(), z.number().int().min(1).max(10_000_000))
    .default({})
    .describe('by model: the longest answer, where the API wants a limit and the client names none; 8192'),
  prices: z.record(z.string(), priceSchema).default({}).describe('by model, as the provider calls it'),
});

const targetSchema = z.strictObject({
  provider: z.string().describe('a name from providers, or fake'),
  model: z.string().min(1).max(200).describe('as that provider calls it'),
  weight: z
    .number()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('share of the first tries; for all targets or none; with 0 it is asked only when others fail'),
});

const routeSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(16).describe('in the order in which they are tried, or weighted'),
  order: z
    .enum(ROUTE_ORDERS)
    .optional()
    .describe('who is asked first; affinity: a conversation stays with a target; least_busy: the fewest streams'),
  first_token_seconds: seconds(600).optional().describe('a target that says nothing for so long loses to the next'),
  cache: z
    .strictObject({ ttl_seconds: z.number().int().min(1).max(2_592_000) })
    .optional()
    .describe('whole answers to equal requests are kept for so long'),
  resumable: z
    .boolean()
    .optional()
    .describe('streams of /v1 survive their connection and their instance; false, but for requests that ask for it'),
});

/** `weir.config.yaml`. Names, and what refers to another part of it, are checked by `configProblems`. */
export const weirConfigSchema = z.strictObject({
  $schema: z.string().optional().describe('for editors'),
  default_provider: z.string().optional().describe('answers where neither provider nor route is named'),
  providers: z.record(z.string(), providerSchema).default({}),
  routes: z.record(z.string(), routeSchema).default({}),
});

export type ProviderSettings = z.output<typeof providerSchema>;
export type RouteSettings = z.output<typeof routeSchema>;
/** A whole configuration file, defaults filled in. */
export type WeirConfig = z.output<typeof weirConfigSchema>;

/** A provider's settings and its preset in one; keys are lists, of which at most one has members. */
export interface SettledProvider
  extends Omit<ProviderSettings, 'api_key_env' | 'api_key_file' | keyof ProviderPreset>,
    Omit<ProviderPreset, 'api_key_env'> {
  api_key_env: readonly string[];
  api_key_file: readonly string[];
}

/** A provider's settings over those of its preset. */
export function settledProvider(settings: ProviderSettings): SettledProvider {
  const preset: ProviderPreset | undefined = settings.preset && PROVIDER_PRESETS[settings.preset];
  const { speaks, continuation } = settings.capabilities;
  const protocol = settings.protocol ?? preset?.protocol ?? 'openai';
  return {
    ...settings,
    protocol,
    base_url: settings.base_url ?? preset?.base_url ?? '',
    api_key_env: listed(
      settings.api_key_env ?? (settings.api_key_file === undefined ? preset?.api_key_env : undefined),
    ),
    api_key_file: listed(settings.api_key_file),
    speaks: speaks ?? preset?.speaks ?? (protocol === 'anthropic' ? ['messages'] : ['chat']),
    continuation: continuation ?? preset?.continuation ?? 'none',
  };
}

function listed(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat();
}

/**
 * What tokens of a model cost, in USD a million.
 * @param model as the provider calls it
 * @returns undefined where the configuration names no price
 */
export function priceOf(
  config: WeirConfig,
  provider: string,
  model: string,
): { input: number; output: number } | undefined {
  const prices = config.providers[provider]?.prices;
  return prices && Object.hasOwn(prices, model) ? prices[model] : undefined;
}

/** The models of a provider that the configuration names, by a price or as the target of a route; each once. */
export function namedModels(config: WeirConfig, provider: string): string[] {
  const targets = Object.values(config.routes).flatMap((route) => route.targets);
  const routed = targets.filter((target) => target.provider === provider).map(({ model }) => model);
  return [...new Set([...Object.keys(config.providers[provider]?.prices ?? {}), ...routed])];
}

/** Providers whose streams are counted, because a route is ordered by them; each once. */
export function countedProviders({ routes }: Pick<WeirConfig, 'routes'>): string[] {
  const counting = Object.values(routes).filter(({ order }) => order === 'least_busy');
  return [...new Set(counting.flatMap(({ targets }) => targets.map(({ provider }) => provider)))];
}
