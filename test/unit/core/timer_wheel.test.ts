import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import { runs } from '../../support/fast_check_runs.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('TimerWheel', () => {
  it('fires every timer once, never early, at most a resolution (and a tick of the clock) late', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 40 }), (delays) => {
        const wheel = new TimerWheel(10);
        const start = performance.now();
        const fired: [number, number][] = [];
        for (const delay of delays) wheel.timer(() => fired.push([delay, performance.now() - start])).arm(delay);
        vi.advanceTimersByTime(6_000);
        expect(fired.map(([delay]) => delay).sort((a, b) => a - b)).toEqual([...delays].sort((a, b) => a - b));
        for (const [delay, at] of fired) {
          expect(at).toBeGreaterThanOrEqual(delay);
          expect(at).toBeLessThanOrEqual(delay + 21);
        }
        expect(wheel.size).toBe(0);
      }),
      { numRuns: runs(50) },
    );
  });

  it('can wait for longer than one turn of the wheel', () => {
    const wheel = new TimerWheel(1);
    const fired = vi.fn();
    wheel.timer(fired).arm(10_000);
    vi.advanceTimersByTime(9_999);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(3);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  it('lets a callback cancel its neighbour, arm itself again, and arm others', () => {
    const wheel = new TimerWheel(5);
    const log: string[] = [];
    const victim = wheel.timer(() => log.push('victim'));
    let rounds = 0;
    const again = wheel.timer(() => {
      log.push('again');
      victim.cancel();
      rounds += 1;
      if (rounds < 3) again.arm(5);
    });
    // Whichever of the two the wheel takes first, the survivor decides.
    victim.arm(20);
    again.arm(20);
    vi.advanceTimersByTime(100);
    expect(log.filter((entry) => entry === 'again')).toHaveLength(3);
    expect(wheel.size).toBe(0);
  });
});
