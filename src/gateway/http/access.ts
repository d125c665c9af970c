import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUseModel } from '../../config/api_key.ts';
import { type Asker, askerOf, isUserName } from '../../core/access/asker.ts';
import { mintToken } from '../../core/access/browser_token.ts';
import type { KeyRing } from '../../core/access/key_ring.ts';
import {
  type Allowance,
  type Allowances,
  beyond,
  type RateLimits,
  rateLimited,
  rateSubjects,
} from '../../core/access/rate_limits.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Identify } from './identity.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is; undefined where no key is wanted. */
    asker: Asker | undefined;
  }
  interface FastifyContextConfig {
    /** Whether the route is for holders of a key, where there are keys. */
    wantsKey?: boolean;
    /** Whether it is the same for all users of a key, which then need not be named. */
    sameForUsers?: boolean;
  }
}

/** Asked before the slot. @throws WeirError rate_limited */
type Admit = () => Promise<void>;

/** Who may ask for what. */
export interface Access {
  /** Before anything else of a request is looked at. @throws WeirError unauthorized, not_allowed, validation_error */
  authenticate(request: FastifyRequest): void;
  /** The name that slots, limits, streams and records go by: {@link Asker.id}, or an address. */
  userOf(request: FastifyRequest): string;
  mayUse(request: FastifyRequest, ...names: string[]): boolean;
  /**
   * @param names by which the right to what will be asked goes: {@link RoutingTable.namesOf}
   * @throws WeirError model_not_allowed
   */
  admission(request: FastifyRequest, reply: FastifyReply, ...names: string[]): Admit | undefined;
  /**
   * A browser token for the user whom the request names.
   * @param seconds how long it holds
   * @throws WeirError not_allowed, not_found
   */
  mintToken(request: FastifyRequest, seconds: number): { token: string; user: string; expires: number };
}

/** Everybody may ask for everything, up to the limits of an address. */
export function openAccess(identify: Identify): Access {
  return {
    authenticate() {},
    userOf: (request) => identify(request.raw),
    mayUse: () => true,
    admission: () => undefined,
    mintToken() {
      throw new WeirError('not_found', { message: 'Here no client needs a key, and so no browser a token.' });
    },
  };
}

/** Holders of a key, as far as that one goes. @param now milliseconds since 1970, the same on all instances */
export function keyAccess(ring: KeyRing, limits: RateLimits, now: () => number): Access {
  const mayUse = ({ asker }: FastifyRequest, names: string[]) => asker === undefined || mayUseModel(asker.key, names);
  return {
    authenticate(request) {
      const { wantsKey, sameForUsers } = request.routeOptions.config;
      if (wantsKey) request.asker = withUser(ring.check(keyText(request), now()), request, sameForUsers === true);
    },
    userOf: ({ asker }) => (asker as Asker).id,
    mayUse: (request, ...names) => mayUse(request, names),
    admission(request, reply, ...names) {
      if (!mayUse(request, names)) throw new WeirError('model_not_allowed');
      const subjects = rateSubjects(request.asker as Asker);
      if (subjects.length === 0) return undefined;
      return async () => {
        for (const [at, subject] of subjects.entries()) {
          const allowances = await limits.count(subject);
          const exceeded = beyond(allowances);
          if (at === 0 || exceeded) reply.headers(rateHeaders(allowances, exceeded, request.url));
          if (exceeded) throw rateLimited(subject.who, allowances, exceeded);
        }
      };
    },
    mintToken({ asker }, seconds) {
      const { key, user, byToken } = asker as Asker;
      if (byToken) throw notAllowed('A browser token can not make another; ask with the key.');
      if (user === undefined) throw notAllowed(NO_USERS);
      const at = now();
      const expires = Math.floor(at / 1000) + seconds;
      return { token: mintToken(key, user, expires, at), user, expires };
    },
  };
}

/** Names the user for whom a key asks that acts for users. */
const USER_HEADER = 'X-Weir-User';

const NO_USERS = 'This key does not act for users; use one that was made with --acts-for-users.';

/** @throws WeirError not_allowed, validation_error */
function withUser(asker: Asker, { raw }: FastifyRequest, isOptional: boolean): Asker {
  const sent = raw.headers['x-weir-user'];
  if (asker.byToken) {
    if (sent === undefined) return asker;
    throw notAllowed(`A browser token names its user itself; leave ${USER_HEADER} out.`);
  }
  if (!asker.key.acts_for_users) {
    if (sent === undefined) return asker;
    throw notAllowed(`${NO_USERS} Or leave ${USER_HEADER} out.`);
  }
  if (sent === undefined) return isOptional ? asker : invalidUser('must name the user for whom this key asks');
  // Sent twice, two names come as one, which no one meant.
  const isOne = raw.headersDistinct['x-weir-user']?.length === 1;
  if (!isOne || !isUserName(sent as string)) {
    return invalidUser('must be sent once, with 1 to 200 printable characters of ASCII; encode others');
  }
  return askerOf(asker.key, sent as string, false);
}

function notAllowed(message: string): WeirError {
  return new WeirError('not_allowed', { message });
}

function invalidUser(message: string): never {
  const details = { fields: [{ field: USER_HEADER, message }] };
  throw new WeirError('validation_error', { message: `${USER_HEADER} ${message}.`, details });
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
