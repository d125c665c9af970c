import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeStatus, nextTryMs } from '../../../packages/client/src/reconnect.ts';

const failed = { attempt: 1, silentMs: 0, giveUpAfterMs: 60_000, random: 0.5 };

describe('nextTryMs', () => {
  it('tries again at once, then waits twice as long each time, up to 5 s, with full jitter', () => {
    const longest = (attempt: number) => nextTryMs({ ...failed, attempt, random: 1 });
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map(longest)).toEqual([
      50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000,
    ]);
    expect(nextTryMs({ ...failed, attempt: 4 })).toBe(200);
    expect(nextTryMs({ ...failed, attempt: 4, random: 0 })).toBe(0);
  });

  it('never tries before Retry-After, and gives up where that is too late', () => {
    expect(nextTryMs({ ...failed, retryAfter: 2 })).toBe(2025);
    expect(nextTryMs({ ...failed, attempt: 3, retryAfter: 2 })).toBe(2100);
    expect(nextTryMs({ ...failed, attempt: 3, retryAfter: 2, silentMs: 59_000 })).toBeUndefined();
    expect(nextTryMs({ ...failed, retryAfter: 61 })).toBeUndefined();
  });

  it('makes a first try after any silence, and no later one', () => {
    expect(nextTryMs({ ...failed, silentMs: 3_600_000 })).toBe(25);
    expect(nextTryMs({ ...failed, attempt: 2, silentMs: 60_000 })).toBeUndefined();
  });

  it('keeps within its bounds, whatever happened', () => {
    const tries = fc.record({
      attempt: fc.integer({ min: 2, max: 10_000 }),
      retryAfter: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: undefined }),
      silentMs: fc.integer({ min: 0, max: 100_000 }),
      giveUpAfterMs: fc.constant(60_000),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(tries, (one) => {
        const waitMs = nextTryMs(one);
        if (waitMs === undefined) return;
        expect(waitMs).toBeGreaterThanOrEqual((one.retryAfter ?? 0) * 1000);
        expect(one.silentMs + waitMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});

describe('judgeStatus', () => {
  it.each([
    ['plain', 'stream', [200]],
    ['plain', 'refused', [204, 308, 400, 404, 429, 500, 502, 503, 504]],
    ['open', 'stream', [200]],
    ['open', 'again', [502, 503, 504]],
    ['open', 'refused', [204, 308, 400, 401, 404, 409, 422, 429, 500]],
    ['attach', 'stream', [200]],
    ['attach', 'again', [408, 429, 500, 502, 503, 504]],
    ['attach', 'at_end', [204]],
    ['attach', 'gone', [404]],
    ['attach', 'refused', [308, 400, 401, 403]],
  ] as const)('%s: %s after %j', (kind, verdict, statuses) => {
    expect(statuses.map((status) => judgeStatus(kind, status))).toEqual(statuses.map(() => verdict));
  });
});
