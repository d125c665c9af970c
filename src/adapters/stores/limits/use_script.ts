import { readFileSync } from 'node:fs';
import type { RedisConnection } from '../redis/redis_connection.ts';
import type { AgedUse, Use, UseView } from './minute_use.ts';

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
  keyId: string,
  limits: Readonly<Record<keyof Use, number | undefined>>,
  isRequest: boolean,
  parts: readonly AgedUse[],
) => Promise<UseReply>;

/** Makes the script a command of `redis`: sent by hash, and in full where Redis does not know it (any more). */
export function countUse(redis: RedisConnection): CountUse {
  const lua = readFileSync(new URL('./lua/count_use.lua', import.meta.url), 'utf8');
  redis.defineCommand('weir_count_use', { lua, numberOfKeys: 1 });
  const { weir_count_use: command } = redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return async (keyId, { requests = 0, tokens = 0 }, isRequest, parts) => {
    const facts = parts.flatMap((part) => [part.age, part.requests, part.tokens]);
    const reply = await command?.call(redis, `weir:rate:{${keyId}}`, requests, tokens, Number(isRequest), ...facts);
    const [made, isIn, ...views] = reply as [string, ...number[]];
    const view = (at: number): UseView => {
      const [used = 0, waitMs = 0, resetMs = 0] = views.slice(at);
      return { used, waitMs, resetMs };
    };
    return { made, isIn: isIn === 1, requests: view(0), tokens: view(3) };
  };
}
