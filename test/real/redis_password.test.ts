import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisFacts } from '../../src/stack/redis/redis_facts.ts';
import { freePort } from '../support/free_port.ts';
import { startInstance } from '../support/instance.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let port: number;
beforeAll(async () => {
  redis = await startRedis();
  port = await freePort();
  await redis.cli('config', 'set', 'port', String(port));
  await redis.cli('config', 'set', 'requirepass', 'right');
});
afterAll(() => redis.close());

describe.each([
  ['wrong', ':wrong@', 'Redis refuses user or password of REDIS_URL', /refuses this user or password/],
  ['missing', '', 'Redis requires a password, and REDIS_URL has none', /requires a password, and none was given/],
])('a password of Redis that is %s', (_, credentials, event, problem) => {
  const url = () => `redis://${credentials}127.0.0.1:${port}`;

  it('is reported by an instance, once, and never shown', async () => {
    const instance = await startInstance({ REDIS_URL: url() });
    await instance.stop();
    expect(instance.lines.filter((line) => line.event === event)).toHaveLength(1);
    expect(JSON.stringify(instance.lines)).not.toContain(':wrong');
  });

  it('is reported where the stack is started and checked', async () => {
    await expect(redisFacts(url())).rejects.toThrow(problem);
  });
});
