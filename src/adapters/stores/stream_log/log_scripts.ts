import { readFileSync } from 'node:fs';
import type { RedisConnection } from '../redis/redis_connection.ts';

type Argument = string | number;
type Script<R> = (...keysAndArguments: Argument[]) => Promise<R>;

/** Whether text fits to what is kept; if not, from where it would. */
export type FitReply = ['ok' | 'not_mine' | 'unknown'] | ['from', number];

/** The steps of the stream log that must be atomic, as functions: keys first, then arguments, as their files say. */
export interface LogScripts {
  register: Script<number>;
  append: Script<['ok' | 'duplicate' | 'sealed' | 'lost' | 'gap', number?]>;
  seal: Script<number>;
  beat: Script<string[]>;
  create: Script<number>;
  discard: Script<number>;
  adopt: Script<number>;
  set_run: Script<number>;
  set_target: Script<number>;
  checkpoint: Script<FitReply>;
  finish: Script<FitReply>;
  claim: Script<string>;
  drop_claim: Script<number>;
}

const KEYS: Record<keyof LogScripts, number> = {
  register: 2,
  append: 3,
  seal: 3,
  beat: 1,
  create: 2,
  discard: 3,
  adopt: 2,
  checkpoint: 2,
  set_run: 1,
  set_target: 1,
  finish: 3,
  claim: 1,
  drop_claim: 1,
};

/** Defines the scripts on a connection: sent by their hash, and whole again when Redis has forgotten them. */
export function logScripts(redis: RedisConnection): LogScripts {
  const scripts: Record<string, Script<unknown>> = {};
  for (const [name, numberOfKeys] of Object.entries(KEYS)) {
    const lua = readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8');
    const command = `weir_log_${name}`;
    redis.defineCommand(command, { numberOfKeys, lua });
    scripts[name] = (redis as unknown as Record<string, Script<unknown>>)[command]!.bind(redis);
  }
  return scripts as unknown as LogScripts;
}
