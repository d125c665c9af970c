import type { ApiKey } from '../../config/api_key.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Asker } from './asker.ts';

/** What is counted together: the requests and tokens of one name, against its limits. */
export interface RateSubject extends Pick<ApiKey, 'requests_per_minute' | 'tokens_per_minute'> {
  id: string;
  /** Begins the sentence of a refusal. */
  who: string;
}

/**
 * Where requests of this asker count, as far as that is limited: a user's own count comes first, so that what it is
 * refused takes nothing from the other users of the key.
 */
export function rateSubjects({ key, id }: Pick<Asker, 'key' | 'id'>): RateSubject[] {
  const { requests_per_minute, tokens_per_minute, acts_for_users } = key;
  const own = {
    id,
    who: acts_for_users ? 'Each user of this key' : 'This key',
    requests_per_minute,
    tokens_per_minute,
  };
  const all = acts_for_users && { ...acts_for_users, id: key.id, who: 'All users of this key together' };
  return [own, all].filter((subject) => subject !== undefined).filter(isLimited);
}

function isLimited({ requests_per_minute, tokens_per_minute }: RateSubject): boolean {
  return requests_per_minute !== undefined || tokens_per_minute !== undefined;
}

/** What was used of a limit in the last minute. */
export interface Allowance {
  used: number;
  limit: number;
  /** Milliseconds until another request is let in; 0 where this one was. */
  waitMs: number;
  /** Milliseconds until all of the limit is there again. */
  resetMs: number;
}

/** Of the limits per minute those that there are. */
export interface Allowances {
  requests?: Allowance;
  tokens?: Allowance;
}

/** Counts what keys and users use per minute, over all instances. */
export interface RateLimits {
  /**
   * Counts one more request, where the limits let it in: at most one round trip. A refused one is not counted.
   * @throws WeirError service_unavailable where the store does not answer and nothing may be guessed
   */
  count(subject: RateSubject): Promise<Allowances>;
  /** Counts the tokens of an answer that has ended: with its next request, or soon. Never fails. */
  charge(subject: RateSubject, tokens: number): void;
}

/**
 * The limit that keeps a request out for the longest time. How many tokens an answer will have is not known beforehand:
 * it begins while there are some left.
 */
export function beyond({ requests, tokens }: Allowances): Allowance | undefined {
  const longest = (tokens?.waitMs ?? 0) > (requests?.waitMs ?? 0) ? tokens : requests;
  return longest && longest.waitMs > 0 ? longest : undefined;
}

/** 429 for what is {@link beyond} one of its limits. */
export function rateLimited(who: string, allowances: Allowances, exceeded: Allowance): WeirError {
  const unit = exceeded === allowances.requests ? 'requests' : 'tokens';
  const seconds = Math.max(1, Math.ceil(exceeded.waitMs / 1000));
  return new WeirError('rate_limited', {
    message: `${who} may use ${exceeded.limit} ${unit} a minute; try again in ${seconds} s.`,
    details: { unit, limit: exceeded.limit, reset_seconds: seconds },
    retryAfter: seconds,
  });
}
