import { describe, expect, it } from 'vitest';
import { isOutage, mistakeLog, RedisBreaker } from '../../../src/adapters/stores/redis/redis_breaker.ts';
import { silentLog } from '../../support/silent_log.ts';

const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

describe('a failed command', () => {
  it.each([
    new Error('Command timed out'),
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' }),
    reply("OOM command not allowed when used memory > 'maxmemory'."),
    reply(
      "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed when used memory > 'maxmemory'",
    ),
    reply('READONLY You can’t write against a read only replica.'),
    reply('NOAUTH Authentication required.'),
    reply('ERR max number of clients reached'),
  ])('is an outage: %s', (error) => expect(isOutage(error)).toBe(true));

  it.each([
    new TypeError('x is not a function'),
    new SyntaxError('Unexpected token'),
    reply('ERR user_script:3: attempt to compare nil with number'),
    reply('WRONGTYPE Operation against a key holding the wrong kind of value'),
    reply("ERR unknown command 'FOO'"),
    'not even an error',
  ])('is a mistake: %s', (error) => expect(isOutage(error)).toBe(false));
});

it('a mistake in the slots is logged once; an outage is not', async () => {
  const logged: unknown[] = [];
  const log = { ...silentLog, error: (_stage: string, _event: string, fields?: object) => void logged.push(fields) };
  const breaker = new RedisBreaker(mistakeLog(log, 'The slots failed'));
  const mistake = new TypeError('x is not a function');
  for (const error of [mistake, new Error('Command timed out'), mistake]) {
    expect(await breaker.ask(() => Promise.reject(error))).toBeUndefined();
  }
  expect(logged).toEqual([{ reason: mistake.stack }]);
});
