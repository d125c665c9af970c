import { describe, expect, it } from 'vitest';
import {
  judgeLimit,
  type LimitReport,
  type LimitStep,
  limitAnswer,
  nextConcurrency,
} from '../../../src/load/limit_report.ts';

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

  it('does not call a step the best in which many requests failed, however much it delivered', () => {
    const steps = [step(10, 100, 50), step(15, 150, 60), step(23, 300, 90, 56), step(35, 250, 110, 36)];
    expect(judgeLimit(steps, 1000)).toEqual({ knee: steps[1], reason: 'refused' });
    expect(judgeLimit([step(10, 100, 50, 40)], 1000).knee).toMatchObject({ concurrency: 10 });
  });

  it('knows the limit per user from that of the server', () => {
    const limited = { ...step(15, 90, 50, 40), limited: 55 };
    expect(judgeLimit([step(10, 100, 50), limited], 1000).reason).toBe('limiter');
    expect(judgeLimit([step(10, 100, 50), { ...limited, limited: 20 }], 1000).reason).toBe('refused');
  });

  it('raises concurrency by half, at least by one, and never above the largest', () => {
    expect([1, 2, 10, 90].map((from) => nextConcurrency(from, 100))).toEqual([2, 3, 15, 100]);
  });
});

describe('the answer', () => {
  const knee = step(450, 210.25, 45);
  const answer = (reason: LimitReport['reason'], message: string | null = null, self_check = { ok: true }) => {
    const limit = { steps: [knee, { ...step(675, 100, 90, 40) }], knee, reason };
    const errors =
      message === null ? [] : [{ outcome: '503' as const, code: 'service_unavailable', message, count: 9 }];
    return limitAnswer({ limit, errors, self_check });
  };

  it('is the number that was searched for', () => {
    expect(answer('knee')).toEqual({
      found: true,
      title: 'The limit is about 450 concurrent streams',
      text: 'There, the server delivered 210.3 good answers per second, half of them with a TTFT of at most 45 ms. More streams brought hardly more answers, a later first token, and failures: 60 of 100 requests.',
    });
    expect(answer('refused', 'The pool is full.')).toMatchObject({
      found: true,
      title: 'The limit is about 450 concurrent streams',
      text: expect.stringMatching(
        /At 675 concurrent streams, more than half of the requests failed\. Most frequent reason: The pool is full\.$/,
      ),
    });
  });

  it('says what more streams did: in steps with failures it can be more than in the best one', () => {
    const beyond = (...steps: LimitStep[]) => {
      const limit = { steps: [knee, ...steps], knee, reason: 'knee' as const };
      const errors = [{ outcome: '503' as const, code: 'x', message: 'The pool is full.', count: 9 }];
      return limitAnswer({ limit, errors, self_check: null })?.text.replace(/^.* 45 ms\. /, '');
    };
    expect(beyond(step(675, 215, 90), step(1013, 205, 140))).toBe(
      'More streams brought hardly more answers, and a later first token.',
    );
    expect(beyond(step(675, 215, 90), step(1013, 240.04, 140, 89))).toBe(
      'More streams brought up to 240.0 answers per second, a later first token, and failures: 11 of 200 requests. Most frequent reason: The pool is full.',
    );
  });

  it('is only a lower bound if the generator could not keep up, and an upper one if no step did well', () => {
    expect(answer('knee', null, { ok: false })).toMatchObject({
      found: false,
      title: 'At least 450 concurrent streams: the load generator was too slow to find more',
      text: expect.stringMatching(/60 of 100 requests\. The generator may have caused that\.$/),
    });
    const poor = step(20, 10, 45, 40);
    const limit = { steps: [poor], knee: poor, reason: 'refused' } as const;
    expect(limitAnswer({ limit: { ...limit, steps: [poor] }, errors: [], self_check: null })).toEqual({
      found: true,
      title: 'The limit is below 20 concurrent streams',
      text: 'At 20, only 40 of 100 requests succeeded.',
    });
  });

  it('is no limit where none was found', () => {
    expect(answer('limiter')).toMatchObject({
      found: false,
      title: 'Found the limit per user, not the limit of the server',
    });
    expect(answer('max')).toMatchObject({ found: false, title: 'No limit up to 675 concurrent streams' });
    expect(answer('interrupted')).toMatchObject({ found: false, title: 'Stopped before a limit was found' });
    expect(answer(null)).toBeNull();
    const none = { ...step(2, 0, 0, 0), ttft_p50_ms: null };
    expect(
      limitAnswer({ limit: { steps: [none], knee: none, reason: 'refused' }, errors: [], self_check: null })?.title,
    ).toMatch(/^No limit found/);
    expect(
      limitAnswer({ limit: { steps: [], knee: null, reason: 'interrupted' }, errors: [], self_check: null })?.found,
    ).toBe(false);
  });
});
