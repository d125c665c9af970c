import { readFileSync } from 'node:fs';
import type { Allowance, Allowances, RateLimits, RateSubject } from '../../../core/access/rate_limits.ts';
import type { EventLog } from '../../../core/observe/observers.ts';
import { LimitsUnknownError } from '../../../core/resilience/connection_pool_manager.ts';
import { isOutage, mistakeLog } from '../redis/redis_breaker.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';
import { type AgedUse, MinuteUse, type Use, type UseView } from './minute_use.ts';

export interface UseReply {
  /** Names the counts: others than before after they were lost. */
  made: string;
  /** Whether the request was let in, and counted. */
  isIn: boolean;
  requests: UseView;
  tokens: UseView;
}

/**
 * One round trip; see lua/count_use.lua.
 * @param isRequest asks for a request; without it `parts` are only added
 */
export type CountUse = (
  id: string,
  limits: Readonly<Record<keyof Use, number | undefined>>,
  isRequest: boolean,
  parts: readonly AgedUse[],
) => Promise<UseReply>;

/** Makes the script a command of `redis`: sent by hash, and in full where Redis does not know it (any more). */
export function countUse(redis: RedisConnection): CountUse {
  const lua = readFileSync(new URL('./lua/count_use.lua', import.meta.url), 'utf8');
  redis.defineCommand('weir_count_use', { lua, numberOfKeys: 1 });
  const { weir_count_use: command } = redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return async (id, { requests = 0, tokens = 0 }, isRequest, parts) => {
    const facts = parts.flatMap((part) => [part.age, part.requests, part.tokens]);
    const reply = await command?.call(redis, `weir:rate:{${id}}`, requests, tokens, Number(isRequest), ...facts);
    const [made, isIn, ...views] = reply as [string, ...number[]];
    const view = (at: number): UseView => {
      const [used = 0, waitMs = 0, resetMs = 0] = views.slice(at);
      return { used, waitMs, resetMs };
    };
    return { made, isIn: isIn === 1, requests: view(0), tokens: view(3) };
  };
}

/** After a failed call requests do not ask Redis for this long: a call that reaches its deadline costs 100 ms. */
const RETRY_MS = 1_000;
/** Tokens without a further request of their key or user are sent to Redis after this. */
const CHARGE_MS = 250;
/** So few are all remembered. */
const FORGET_FROM = 1_000;
/** More tokens than any answer has. */
const MAX_TOKENS = 1_000_000_000_000;

export interface RateCounterOptions {
  /** This instance's part of a limit, while Redis does not answer. */
  share: (limit: number) => number;
  /** Without Redis: count here, against that part, or refuse. */
  onFailure: 'static' | 'strict';
  log: EventLog;
}

/** What one key or user used here in the last minute. */
interface SubjectUse {
  id: string;
  limits: { requests: number | undefined; tokens: number | undefined };
  /** Uses that Redis has. */
  sent: MinuteUse;
  /** Uses that are not yet sent to Redis. */
  unsent: MinuteUse;
  /** Identifies the counts in Redis; changes after a loss. */
  made: string;
  /** Calls under way; what they carry comes back when they fail. */
  asking: number;
}

/**
 * Counts what keys and users use per minute, in Redis or, without Redis, in this process, which is then the only one.
 * While Redis does not answer, each instance counts for itself: no client is locked out, and the limits still hold. Each
 * instance remembers its counts and sends them again to a Redis that has lost them.
 */
export class RateCounters implements RateLimits {
  readonly #count: CountUse | undefined;
  readonly #options: RateCounterOptions;
  readonly #onMistake: (error: unknown) => void;
  readonly #uses = new Map<string, SubjectUse>();
  #askAgainAt = 0;
  #forgetAt = FORGET_FROM;
  #sending: NodeJS.Timeout | undefined;

  constructor(redis: RedisConnection | undefined, options: RateCounterOptions) {
    this.#count = redis && countUse(redis);
    this.#options = options;
    this.#onMistake = mistakeLog(options.log, 'The rate limits in Redis failed');
    redis?.on('ready', () => this.#redisIsBack());
  }

  async count(subject: RateSubject): Promise<Allowances> {
    const use = this.#useOf(subject);
    const reply = await this.#ask(use, true);
    if (!reply && this.#count && this.#options.onFailure === 'strict') throw new LimitsUnknownError();
    if (!reply) return this.#countAlone(use);
    if (reply.isIn && subject.requests_per_minute !== undefined) use.sent.add({ age: 0, requests: 1, tokens: 0 });
    return allowances(use, reply, (limit) => limit);
  }

  charge(subject: RateSubject, tokens: number): void {
    if (subject.tokens_per_minute === undefined || !(tokens > 0)) return;
    const whole = Math.ceil(Math.min(tokens, MAX_TOKENS));
    this.#useOf(subject).unsent.add({ age: 0, requests: 0, tokens: whole });
    this.#sendIn(CHARGE_MS);
  }

  #useOf({ id, requests_per_minute: requests, tokens_per_minute: tokens }: RateSubject): SubjectUse {
    let use = this.#uses.get(id);
    if (!use) {
      this.#forgetUnused();
      use = { id, limits: { requests, tokens }, sent: new MinuteUse(), unsent: new MinuteUse(), made: '', asking: 0 };
      this.#uses.set(id, use);
    }
    use.limits = { requests, tokens };
    return use;
  }

  /** Users may be many: looks whenever there are twice as many as were left. */
  #forgetUnused(): void {
    if (this.#uses.size < this.#forgetAt) return;
    for (const [id, use] of this.#uses) if (isForgettable(use)) this.#uses.delete(id);
    this.#forgetAt = Math.max(FORGET_FROM, 2 * this.#uses.size);
  }

  /** Sends what Redis has not, and asks for a request. @returns undefined where Redis does not answer */
  async #ask(use: SubjectUse, isRequest: boolean) {
    if (!this.#count || performance.now() < this.#askAgainAt) return undefined;
    const parts = use.unsent.list();
    use.unsent.clear();
    use.asking += 1;
    try {
      const reply = await this.#count(use.id, use.limits, isRequest, parts);
      if (reply.made !== use.made) this.#sendAgain(use, reply.made);
      addAll(use.sent, parts);
      return reply;
    } catch (error) {
      addAll(use.unsent, parts);
      this.#askAgainAt = performance.now() + RETRY_MS;
      if (!isOutage(error)) this.#onMistake(error);
      return undefined;
    } finally {
      use.asking -= 1;
    }
  }

  /** Redis has new counts: uses of the last minute that were sent before are lost there, and are sent again. */
  #sendAgain(use: SubjectUse, made: string): void {
    use.made = made;
    addAll(use.unsent, use.sent.list());
    use.sent.clear();
    if (use.unsent.list().length > 0) this.#sendIn(0);
  }

  #countAlone(use: SubjectUse): Allowances {
    const share = (limit: number) => (this.#count ? this.#options.share(limit) : limit);
    const { requests, tokens } = use.limits;
    const sent = use.sent.list();
    const view = (unit: keyof Use, limit: number | undefined) => {
      return limit === undefined ? undefined : use.unsent.view(unit, share(limit), sent);
    };
    const before = { requests: view('requests', requests), tokens: view('tokens', tokens) };
    const isIn = !before.requests?.waitMs && !before.tokens?.waitMs;
    if (!isIn || requests === undefined) return allowances(use, before, share);
    use.unsent.add({ age: 0, requests: 1, tokens: 0 });
    const after = { ...use.unsent.view('requests', share(requests), sent), waitMs: 0 };
    return allowances(use, { ...before, requests: after }, share);
  }

  #redisIsBack(): void {
    this.#askAgainAt = 0;
    for (const use of this.#uses.values()) if (isUsed(use)) void this.#ask(use, false);
  }

  #sendIn(ms: number): void {
    if (this.#count) this.#sending ??= setTimeout(() => void this.#sendAll(), ms).unref();
  }

  async #sendAll(): Promise<void> {
    this.#sending = undefined;
    const waiting = [...this.#uses.values()].filter(({ unsent }) => unsent.list().length > 0);
    const replies = await Promise.all(waiting.map((use) => this.#ask(use, false)));
    if (replies.includes(undefined)) this.#sendIn(RETRY_MS);
  }
}

const isUsed = ({ sent, unsent }: SubjectUse) => sent.list().length + unsent.list().length > 0;
const isForgettable = (use: SubjectUse) => use.asking === 0 && !isUsed(use);

function addAll(use: MinuteUse, parts: readonly AgedUse[]): void {
  for (const part of parts) use.add(part);
}

/** Of the limits that the key has. */
function allowances(
  { limits }: SubjectUse,
  views: { requests: UseView | undefined; tokens: UseView | undefined },
  limitOf: (limit: number) => number,
): Allowances {
  const of = (unit: keyof Use): Allowance | undefined => {
    const [limit, view] = [limits[unit], views[unit]];
    return limit === undefined || !view ? undefined : { ...view, limit: limitOf(limit) };
  };
  const [requests, tokens] = [of('requests'), of('tokens')];
  return { ...(requests && { requests }), ...(tokens && { tokens }) };
}
