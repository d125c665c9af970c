import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { Allowance, Allowances, RateLimits } from '../../../core/access/rate_limits.ts';
import { LimitsUnknownError } from '../../../core/resilience/connection_pool_manager.ts';
import type { ApiKey } from '../../../protocol/api_key.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';

/** After a call that failed no request asks again for so long: one that runs into its deadline costs 100 ms. */
const RETRY_MS = 1_000;
/** So late the tokens of a key that asks for nothing more are told to the other instances. */
const CHARGE_MS = 250;

export interface RateCounterOptions {
  /** This instance's part of a limit, while Redis does not answer. */
  share: (limit: number) => number;
  /** Without Redis: count here, against that part, or refuse. */
  onFailure: 'static' | 'strict';
}

/**
 * What keys use per minute: windows of a minute that begin with a key's first request. In Redis, or where there is none
 * in this process, which then is the only one. While Redis does not answer each instance counts for itself: nobody is
 * locked out, and no limit is gone.
 */
export class RateCounters implements RateLimits {
  readonly #shared: RateLimiterRedis | undefined;
  readonly #own: RateLimiterMemory;
  readonly #options: RateCounterOptions;
  #askAgainAt = 0;
  /** Tokens of answers that have ended: their key's next request here brings them along. */
  readonly #owed = new Map<string, { limit: number; tokens: number }>();
  #charging: NodeJS.Timeout | undefined;

  constructor(redis: RedisConnection | undefined, options: RateCounterOptions) {
    // The library counts; the limits are each key's own, so they are compared here.
    const counter = { points: Number.MAX_SAFE_INTEGER, duration: 60, keyPrefix: 'weir:rate' };
    this.#shared = redis && new RateLimiterRedis({ ...counter, storeClient: redis });
    this.#own = new RateLimiterMemory(counter);
    this.#options = options;
  }

  async count({ id, requests_per_minute, tokens_per_minute }: ApiKey): Promise<Allowances> {
    // Both leave in one tick, so that they are one round trip.
    const [requests, tokens] = await Promise.all([
      requests_per_minute === undefined ? undefined : this.#add(requestsOf(id), 1, requests_per_minute),
      tokens_per_minute === undefined ? undefined : this.#add(tokensOf(id), this.#takeOwed(id), tokens_per_minute),
    ]);
    return { ...(requests ? { requests } : {}), ...(tokens ? { tokens } : {}) };
  }

  charge({ id, tokens_per_minute }: ApiKey, tokens: number): void {
    if (tokens_per_minute === undefined || tokens <= 0) return;
    const owed = this.#owed.get(id)?.tokens ?? 0;
    this.#owed.set(id, { limit: tokens_per_minute, tokens: owed + tokens });
    this.#charging ??= setTimeout(() => this.#chargeAll(), CHARGE_MS).unref();
  }

  #takeOwed(id: string): number {
    const { tokens = 0 } = this.#owed.get(id) ?? {};
    this.#owed.delete(id);
    return tokens;
  }

  #chargeAll(): void {
    this.#charging = undefined;
    for (const [id, { limit, tokens }] of this.#owed) void this.#add(tokensOf(id), tokens, limit).catch(() => {});
    this.#owed.clear();
  }

  async #add(counter: string, points: number, limit: number): Promise<Allowance> {
    if (this.#shared && performance.now() >= this.#askAgainAt) {
      try {
        const { consumedPoints: used, msBeforeNext: resetMs } = await this.#shared.penalty(counter, points);
        return { used, limit, resetMs };
      } catch {
        this.#askAgainAt = performance.now() + RETRY_MS;
      }
    }
    if (this.#shared && this.#options.onFailure === 'strict') throw new LimitsUnknownError();
    const { consumedPoints: used, msBeforeNext: resetMs } = await this.#own.penalty(counter, points);
    return { used, limit: this.#shared ? this.#options.share(limit) : limit, resetMs };
  }
}

/** One hash tag, so that a key's counters lie together in a Redis Cluster. */
const requestsOf = (id: string) => `{${id}}:requests`;
const tokensOf = (id: string) => `{${id}}:tokens`;
