import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiKey, mayUseModel } from '../../config/api_key.ts';
import type { KeyRing } from '../../core/access/key_ring.ts';
import { beyond, type RateLimits, rateLimited } from '../../core/access/rate_limits.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Identify } from './identity.ts';
import { rateHeaders } from './rate_headers.ts';

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
