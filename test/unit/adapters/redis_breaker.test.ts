import { describe, expect, it } from 'vitest';
import { RedisBreaker } from '../../../src/adapters/stores/redis/redis_breaker.ts';
import { REDIS_COMMAND_MS } from '../../../src/formats/timing.ts';

const late = () => Promise.reject(new Error('Command timed out'));

/** As an event loop that has other work for so long. */
function standStill(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

describe('a deadline for Redis', () => {
  it('that passed while this process stood still is given once more, and no outage', async () => {
    const breaker = new RedisBreaker(() => {});
    let asked = 0;
    const call = async () => {
      asked += 1;
      if (asked > 1) return 'answer';
      standStill(REDIS_COMMAND_MS + 50);
      return late();
    };
    expect(await breaker.ask(call)).toBe('answer');
    expect([asked, breaker.closed, breaker.failing()]).toEqual([2, true, false]);
  });

  it('that passed in its time keeps requests from asking again', async () => {
    const breaker = new RedisBreaker(() => {});
    let asked = 0;
    const call = () => {
      asked += 1;
      return late();
    };
    expect(await breaker.ask(call)).toBeUndefined();
    expect([asked, breaker.closed, breaker.failing()]).toEqual([1, false, true]);
  });
});
