import type { ApiKey } from '../../config/api_key.ts';
import { WeirError } from '../../formats/error_code.ts';

/** What a key has used of one of its limits in the last minute. */
export interface Allowance {
  used: number;
  limit: number;
  /** Milliseconds until another request is let in; 0 where this one was. */
  waitMs: number;
  /** Milliseconds until all of the limit is there again. */
  resetMs: number;
}

/** Of a key's limits per minute those that it has. */
export interface Allowances {
  requests?: Allowance;
  tokens?: Allowance;
}

/** Counts what keys use per minute, over all instances. */
export interface RateLimits {
  /**
   * Counts one more request, where the limits let it in: at most one round trip. A refused one is not counted.
   * @throws WeirError service_unavailable where the store does not answer and nothing may be guessed
   */
  count(key: ApiKey): Promise<Allowances>;
  /** Counts the tokens of an answer that has ended: with the key's next request, or soon. Never fails. */
  charge(key: ApiKey, tokens: number): void;
}

/**
 * The limit that keeps a request out for the longest time. How many tokens an answer will have is not known beforehand:
 * it begins while there are some left.
 */
export function beyond({ requests, tokens }: Allowances): Allowance | undefined {
  const longest = (tokens?.waitMs ?? 0) > (requests?.waitMs ?? 0) ? tokens : requests;
  return longest && longest.waitMs > 0 ? longest : undefined;
}

/** 429 for a key that is {@link beyond} one of its limits. */
export function rateLimited(allowances: Allowances, exceeded: Allowance): WeirError {
  const unit = exceeded === allowances.requests ? 'requests' : 'tokens';
  const seconds = Math.max(1, Math.ceil(exceeded.waitMs / 1000));
  return new WeirError('rate_limited', {
    message: `This key may use ${exceeded.limit} ${unit} a minute; try again in ${seconds} s.`,
    details: { unit, limit: exceeded.limit, reset_seconds: seconds },
    retryAfter: seconds,
  });
}
