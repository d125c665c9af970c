import { z } from 'zod';
import { API_FORMATS } from '../../config/provider_presets.ts';
import { ROUTE_ORDERS } from '../../config/weir_config.ts';

/** healthy below 70 %, degraded below 90 %, critical below 100 %, exhausted at the limit. */
export const poolStateSchema = z.enum(['healthy', 'degraded', 'critical', 'exhausted']);
export type PoolState = z.infer<typeof poolStateSchema>;

/** An instance's pool: streams open now and users that have one. */
export const poolViewSchema = z.object({
  state: poolStateSchema,
  total_connections: z.number(),
  max_connections: z.number(),
  max_connections_per_user: z.number(),
  users: z.number(),
  scope: z.enum(['instance', 'cluster']),
});
export type PoolView = z.infer<typeof poolViewSchema>;

/** What an instance announces of itself; `boot` names one incarnation of it. */
export const instanceViewSchema = z.object({
  id: z.string(),
  boot: z.string(),
  state: z.enum(['ready', 'draining']),
  active_streams: z.number(),
  /** Streams admitted since this boot. */
  streams_total: z.number(),
  users: z.number(),
  pool: poolViewSchema,
  /** State of each provider's circuit breaker: closed, half_open or open. */
  breakers: z.record(z.string(), z.string()),
  /**
   * Providers that refused this deployment's key or account when they were asked last, with the status. Of several keys
   * of a provider each has its own: `provider#2`, here and among the breakers.
   */
  refused_keys: z.record(z.string(), z.number()).optional(),
  /** Streams open at the providers of routes that are ordered by `least_busy`; idle ones are left out. */
  in_flight: z.record(z.string(), z.number()).optional(),
  version: z.string(),
  /** ISO 8601. */
  started_at: z.string(),
});
export type InstanceView = z.infer<typeof instanceViewSchema>;

/** Body of `GET /api/v1/cluster` and of each `cluster` event of `/api/v1/cluster/events`. */
export const clusterViewSchema = z.object({
  timestamp: z.string(),
  /** The instance that answered. */
  instance: z.string(),
  redis: z.enum(['connected', 'disconnected', 'disabled']),
  instances: z.array(instanceViewSchema),
  totals: z.object({ active_streams: z.number(), max_connections: z.number(), instances: z.number() }),
});
export type ClusterView = z.infer<typeof clusterViewSchema>;

/** How an instance came to its providers and routes. */
export const configViewSchema = z.object({
  /** ISO 8601. */
  loaded_at: z.string(),
  /** How often it was asked to load again, with or without success. */
  reloads: z.number(),
  /** Whether the last one was refused, so that the one before holds; the instance's log says why. */
  refused: z.boolean(),
});
export type ConfigView = z.infer<typeof configViewSchema>;

/** Body of `GET /api/v1/health`. */
export const healthViewSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  redis: z.enum(['connected', 'disconnected', 'disabled']),
  timestamp: z.string(),
  instance: z.string(),
  version: z.string(),
  pool: poolViewSchema,
  config: configViewSchema,
});
export type HealthView = z.infer<typeof healthViewSchema>;

/** Body of `GET /api/v1/models`. */
export const modelsViewSchema = z.object({
  default_provider: z.string(),
  providers: z.array(
    z.object({
      name: z.string(),
      /** Whether an answer of it can be counted on: it can be asked, and did not refuse the deployment's key last time. */
      usable: z.boolean(),
      /** Why not, in one sentence. */
      reason: z.string().optional(),
      /** Where it has several keys: each in the order of the configuration. It is usable if one of them is. */
      keys: z.array(z.object({ usable: z.boolean(), reason: z.string().optional() })).optional(),
      /** APIs that it has. One that generates answers clients of every format; only `embeddings` needs its own. */
      speaks: z.array(z.enum(API_FORMATS)),
      /** Those that it lists itself, and that the configuration names; each once. */
      models: z.array(z.string()),
      /** Whether it takes names that are not listed. */
      any_model: z.boolean(),
    }),
  ),
  /** Names that a request may give as its model, and who then answers. */
  routes: z.array(
    z.object({
      name: z.string(),
      /** Whether one of its targets is usable. */
      usable: z.boolean(),
      /** APIs that one of its targets has. */
      speaks: z.array(z.enum(API_FORMATS)),
      /** Who is asked first; absent: as `targets` stand, or drawn by weight. */
      order: z.enum(ROUTE_ORDERS).optional(),
      /** In the order in which they are asked; with weights, the first one is drawn by them. */
      targets: z.array(z.object({ provider: z.string(), model: z.string(), weight: z.number().optional() })),
    }),
  ),
});
export type ModelsView = z.infer<typeof modelsViewSchema>;
/** Providers that fail, so that instances leave them alone, with the names of those instances. */
export function leftAlone(instances: readonly Pick<InstanceView, 'id' | 'breakers'>[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, breakers } of instances) {
    for (const [provider, state] of Object.entries(breakers)) {
      if (state !== 'closed') found.set(provider, [...(found.get(provider) ?? []), id]);
    }
  }
  return found;
}
