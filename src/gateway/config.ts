import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { z } from 'zod';
import { CONTINUATIONS } from '../config/provider_presets.ts';
import { tracesConfig } from './traces_config.ts';

const list = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    );

const number = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

const REDIS_URL = /^(unix:\/\/.+|rediss?:\/\/[^,\s]+(,[^,\s]+)*)$/;

/** Streams of one user, where nothing was said: as many as three instances with three each. */
const PER_USER = { instance: 3, cluster: 9 };

const variables = z.object({
  INSTANCE_ID: z.string().min(1).max(100).default(hostname()),
  HOST: z.string().default('127.0.0.1'),
  PORT: number(8000, 0, 65_535),
  /** Path of a Unix socket; HOST and PORT then do not count. */
  SOCKET: z.string().optional(),
  /** Private listener for the other instances: a Unix socket, or a port on HOST. */
  PEER_SOCKET: z.string().optional(),
  PEER_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** Under which the others reach PEER_PORT; without it HOST, or where that means all addresses, the machine's own. */
  PEER_ADVERTISE: z
    .string()
    .refine((host) => isIP(host) !== 0 || /^[A-Za-z0-9._-]+$/.test(host), 'a host name or an address, without a port')
    .refine((host) => host !== '0.0.0.0' && host !== '::', 'one address that leads to this instance, not all addresses')
    .optional(),
  /** Wanted of peers that come over a network; a Unix socket is private by itself. */
  PEER_SECRET: z.string().default(''),
  /** Holds that secret, where PEER_SECRET is not set. */
  PEER_SECRET_FILE: z.string().optional(),
  REDIS_URL: z
    .string()
    .regex(
      REDIS_URL,
      'a URL that starts with redis://, rediss:// or unix://; several hosts, comma separated, are a cluster',
    )
    .optional(),
  /** What the limits count over; with keys and Redis the cluster, else the instance. */
  POOL_SCOPE: z.enum(['instance', 'cluster']).optional(),
  /** What holds while Redis does not answer: this instance's share of the limits, or a refusal. */
  REDIS_FAILURE: z.enum(['static', 'strict']).default('static'),
  MAX_CONNECTIONS: number(10_000, 1, 1_000_000),
  MAX_CONNECTIONS_PER_USER: z.coerce.number().int().min(1).max(1_000_000).optional(),
  /** Providers and routes; the variables of OpenAI and Anthropic below then do not count. */
  WEIR_CONFIG: z.string().optional(),
  DEFAULT_PROVIDER: z.string().default('fake'),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.openai.com/v1'),
  OPENAI_API_KEY: z.string().optional(),
  /** How that server goes on with a resumable answer whose instance died. */
  OPENAI_CONTINUATION: z.enum(CONTINUATIONS).default('none'),
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.anthropic.com'),
  ANTHROPIC_API_KEY: z.string().optional(),
  /** Whether clients need a key of API_KEYS_FILE. */
  AUTH_MODE: z.enum(['none', 'keys']).default('none'),
  API_KEYS_FILE: z.string().optional(),
  IDENTITY_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'a header name')
    .transform((name) => name.toLowerCase())
    .optional(),
  TRUSTED_PROXIES: list(''),
  /** Of an IPv6 address so many bits are one user: a connection usually gets a whole /64. */
  IPV6_PREFIX: number(64, 16, 128),
  CORS_ORIGINS: list('http://localhost:3001,https://localhost'),
  /** A resumable stream of `/api/v1/stream` without a reader goes on this long. */
  RESUME_GRACE_SECONDS: number(10, 0, 900),
  /** The same on other paths: clients there send their request again, and may wait before they do. */
  API_RESUME_GRACE_SECONDS: number(60, 0, 900),
  /** A running stream's text is kept apart from the log this often; tests want it sooner. */
  CHECKPOINT_SECONDS: number(30, 1, 60),
  /** For tests: the process ends itself with SIGKILL at this point, the nth time it comes by; `name@n`. */
  FAULT_POINT: z.string().optional(),
  /** Of answers that are kept, in MiB: in Redis all together, without Redis in each instance. */
  CACHE_MAX_MIB: number(64, 1, 1_048_576),
  /** 1: sockets are written to and read only as Node and undici promise it. */
  WEIR_PLAIN_IO: z.enum(['0', '1']).default('0'),
  DRAIN_SECONDS: number(30, 0, 86_400),
  ...tracesConfig,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

/** Names of all variables that an instance reads, but for those that hold providers' keys. */
export const INSTANCE_VARIABLES: readonly string[] = Object.keys(variables.shape);

const environment = variables
  .superRefine((config, context) => {
    const { POOL_SCOPE, REDIS_URL, AUTH_MODE, API_KEYS_FILE, IDENTITY_HEADER } = config;
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const { PEER_SOCKET, PEER_PORT, PEER_SECRET, PEER_SECRET_FILE } = config;
    if (PEER_SOCKET === undefined && PEER_PORT !== undefined && PEER_SECRET === '' && PEER_SECRET_FILE === undefined) {
      wrong('PEER_SECRET', 'PEER_PORT is open to a network, so it needs a secret; set the same one on all instances');
    }
    if (POOL_SCOPE === 'cluster' && REDIS_URL === undefined) {
      wrong('POOL_SCOPE', 'limits over the whole cluster are kept in Redis; set REDIS_URL, or POOL_SCOPE=instance');
    }
    if (AUTH_MODE === 'none') return;
    if (API_KEYS_FILE === undefined) {
      wrong('API_KEYS_FILE', 'AUTH_MODE=keys needs the file of keys that ./weir keys writes');
    }
    if (POOL_SCOPE === 'instance' && REDIS_URL !== undefined) {
      wrong('POOL_SCOPE', "a key's limits count over all instances; leave it out with AUTH_MODE=keys, or set cluster");
    }
    if (IDENTITY_HEADER !== undefined) {
      wrong('IDENTITY_HEADER', 'with AUTH_MODE=keys the key says who asks; leave it out');
    }
  })
  .transform((config) => {
    const isShared = config.AUTH_MODE === 'keys' && config.REDIS_URL !== undefined;
    const POOL_SCOPE = config.POOL_SCOPE ?? (isShared ? 'cluster' : 'instance');
    const MAX_CONNECTIONS_PER_USER = config.MAX_CONNECTIONS_PER_USER ?? PER_USER[POOL_SCOPE];
    return { ...config, POOL_SCOPE, MAX_CONNECTIONS_PER_USER };
  })
  .readonly();

/** All settings of an instance; names as in the environment. */
export type GatewayConfig = z.output<typeof environment>;

/** All problems of a configuration at once, a line each. */
export class ConfigError extends Error {}

/** @param env variables that are empty count as unset. @throws ConfigError */
export function parseConfig(env: Record<string, string | undefined>): GatewayConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(`The configuration is not valid; correct these variables:\n  ${lines.join('\n  ')}`);
}
