import { describe, expect, it } from 'vitest';
import { judgeLimit, type LimitStep, nextConcurrency } from '../../../src/load/limit_steps.ts';

const step = (concurrency: number, goodput: number, ttft: number, ok = 100): LimitStep => ({
  concurrency,
  requests: 100,
  ok,
  goodput_per_second: goodput,
  ttft_p50_ms: ttft,
  ttft_p95_ms: ttft * 2,
});

describe('the search for the limit', () => {
  it('goes on while goodput rises, and where one step alone did badly', () => {
    expect(judgeLimit([], 1000)).toEqual({ knee: null, reason: null });
    expect(judgeLimit([step(10, 100, 50), step(15, 150, 50)], 1000).reason).toBeNull();
    expect(judgeLimit([step(10, 100, 50), step(15, 80, 90), step(23, 200, 60)], 1000).reason).toBeNull();
  });

  it('ends when goodput no longer rises while TTFT does, and names the last step that brought more', () => {
    const steps = [step(10, 100, 50), step(15, 150, 52), step(23, 152, 80), step(35, 149, 130)];
    expect(judgeLimit(steps, 1000)).toEqual({ knee: steps[1], reason: 'knee' });
  });

  it('does not end where goodput stands still and TTFT too: something else holds it back', () => {
    const steps = [step(10, 100, 50), step(15, 100, 50), step(23, 100, 51)];
    expect(judgeLimit(steps, 1000).reason).toBeNull();
    expect(judgeLimit([...steps, step(35, 100, 50)], 35).reason).toBe('max');
  });

  it('ends where most requests are refused', () => {
    const steps = [step(10, 100, 50), step(15, 90, 50, 40)];
    expect(judgeLimit(steps, 1000)).toEqual({ knee: steps[0], reason: 'refused' });
  });

  it('raises concurrency by half, at least by one, and never above the largest', () => {
    expect([1, 2, 10, 90].map((from) => nextConcurrency(from, 100))).toEqual([2, 3, 15, 100]);
  });
});
