import type { ApiKey } from '../../protocol/api_key.ts';
import { WeirError } from '../../protocol/error_code.ts';

/** What a key has used of one of its limits in the minute that runs. */
export interface Allowance {
  used: number;
  limit: number;
  /** Milliseconds until it begins anew. */
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
   * Counts one more request, whatever the limits say: at most one round trip.
   * @throws WeirError service_unavailable where the store does not answer and nothing may be guessed
   */
  count(key: ApiKey): Promise<Allowances>;
  /** Counts the tokens of an answer that has ended: with the key's next request, or soon. Never fails. */
  charge(key: ApiKey, tokens: number): void;
}

/**
 * The limit that a request is beyond, once it was counted. Of tokens nobody knows beforehand how many an answer will
 * have: it begins while there are some left.
 */
export function beyond({ requests, tokens }: Allowances): Allowance | undefined {
  if (requests && requests.used > requests.limit) return requests;
  return tokens && tokens.used >= tokens.limit ? tokens : undefined;
}

/** 429 for a key that is {@link beyond} one of its limits. */
export function rateLimited(allowances: Allowances, exceeded: Allowance): WeirError {
  const unit = exceeded === allowances.requests ? 'requests' : 'tokens';
  const seconds = Math.max(1, Math.ceil(exceeded.resetMs / 1000));
  return new WeirError('rate_limited', {
    message: `This key may use ${exceeded.limit} ${unit} a minute; try again in ${seconds} s.`,
    details: { unit, limit: exceeded.limit, reset_seconds: seconds },
    retryAfter: seconds,
  });
}
