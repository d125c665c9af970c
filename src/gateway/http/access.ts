import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiKey, mayUseModel } from '../../config/api_key.ts';
import type { KeyRing } from '../../core/access/key_ring.ts';
import {
  type Allowance,
  type Allowances,
  beyond,
  type RateLimits,
  rateLimited,
} from '../../core/access/rate_limits.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Identify } from './identity.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is; undefined where no key is wanted. */
    apiKey: ApiKey | undefined;
  }
  interface FastifyContextConfig {
    /** Whether the route is for holders of a key, where there are keys. */
    wantsKey?: boolean;
  }
}

/** Asked before the slot. @throws WeirError rate_limited */
type Admit = () => Promise<void>;

/** Who may ask for what. */
export interface Access {
  /** Before anything else of a request is looked at. @throws WeirError unauthorized */
  authenticate(request: FastifyRequest): void;
  /** The name that limits and records go by. */
  userOf(request: FastifyRequest): string;
  mayUse(request: FastifyRequest, ...names: string[]): boolean;
  /**
   * @param names by which the right to what will be asked goes: {@link RoutingTable.namesOf}
   * @throws WeirError model_not_allowed
   */
  admission(request: FastifyRequest, reply: FastifyReply, ...names: string[]): Admit | undefined;
}

/** Everybody may ask for everything, up to the limits of an address. */
export function openAccess(identify: Identify): Access {
  return {
    authenticate() {},
    userOf: (request) => identify(request.raw),
    mayUse: () => true,
    admission: () => undefined,
  };
}

/** Holders of a key, as far as that one goes. */
export function keyAccess(ring: KeyRing, limits: RateLimits): Access {
  const mayUse = ({ apiKey }: FastifyRequest, names: string[]) => apiKey === undefined || mayUseModel(apiKey, names);
  return {
    authenticate(request) {
      if (request.routeOptions.config.wantsKey) request.apiKey = ring.check(keyText(request), Date.now());
    },
    userOf: ({ apiKey }) => (apiKey as ApiKey).id,
    mayUse: (request, ...names) => mayUse(request, names),
    admission(request, reply, ...names) {
      if (!mayUse(request, names)) throw new WeirError('model_not_allowed');
      const key = request.apiKey as ApiKey;
      if (key.requests_per_minute === undefined && key.tokens_per_minute === undefined) return undefined;
      return async () => {
        const allowances = await limits.count(key);
        const exceeded = beyond(allowances);
        reply.headers(rateHeaders(allowances, exceeded, request.url));
        if (exceeded) throw rateLimited(allowances, exceeded);
      };
    },
  };
}

/** As OpenAI's clients send it, or as Anthropic's do. */
function keyText({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const named = headers['x-api-key'];
  return bearer ?? (typeof named === 'string' && named !== '' ? named : undefined);
}

/** Those that every answer under a limit has, for pages of other origins to read. */
export const RATE_HEADERS = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

/**
 * How much is left in this minute: of the limit that stands in the way, else of requests where they are limited, else of
 * tokens. `Reset` is in seconds: then all of the limit is there again. `Retry-After` of a refusal may be sooner.
 * @param url of the request: below `/v1/` also both limits apart, by the names that the clients of that path read
 */
export function rateHeaders(
  { requests, tokens }: Allowances,
  exceeded: Allowance | undefined,
  url: string,
): Record<string, string> {
  const shown = exceeded ?? requests ?? tokens;
  if (!shown) return {};
  const [limit = '', remaining = '', reset = ''] = RATE_HEADERS;
  return {
    [limit]: `${shown.limit}`,
    [remaining]: `${left(shown)}`,
    [reset]: `${seconds(shown)}`,
    ...(requests && clientHeaders(url, 'requests', requests)),
    ...(tokens && clientHeaders(url, 'tokens', tokens)),
  };
}

function clientHeaders(url: string, unit: string, allowance: Allowance): Record<string, string> {
  if (url.startsWith('/v1/messages')) return anthropicHeaders(unit, allowance);
  return url.startsWith('/v1/') ? openAiHeaders(unit, allowance) : {};
}

/** The time is a date. */
function anthropicHeaders(unit: string, allowance: Allowance): Record<string, string> {
  return {
    [`anthropic-ratelimit-${unit}-limit`]: `${allowance.limit}`,
    [`anthropic-ratelimit-${unit}-remaining`]: `${left(allowance)}`,
    [`anthropic-ratelimit-${unit}-reset`]: new Date(Date.now() + seconds(allowance) * 1000).toISOString(),
  };
}

/** Times as `1m30s`. */
function openAiHeaders(unit: string, allowance: Allowance): Record<string, string> {
  return {
    [`x-ratelimit-limit-${unit}`]: `${allowance.limit}`,
    [`x-ratelimit-remaining-${unit}`]: `${left(allowance)}`,
    [`x-ratelimit-reset-${unit}`]: duration(seconds(allowance)),
  };
}

const left = ({ used, limit }: Allowance) => Math.max(0, limit - used);
const seconds = ({ resetMs }: Allowance) => Math.max(0, Math.ceil(resetMs / 1000));
const duration = (s: number) => (s < 60 ? `${s}s` : `${Math.floor(s / 60)}m${s % 60}s`);
