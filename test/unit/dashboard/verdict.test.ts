import { describe, expect, it } from 'vitest';
import { type LoadReport, Summary } from '../../../performance_dashboard/src/api.ts';
import { expectedWords, runCounts, verdict } from '../../../performance_dashboard/src/view/runVerdict.ts';
import { loadRecord } from '../../support/load_plan.ts';

const PER_INSTANCE = { perUser: 3, scope: 'instance' } as const;

function report(outcomes: Record<string, number>, instances: Record<string, number>): LoadReport {
  const empty = new Summary().report();
  const all = { ...empty.outcomes, ...outcomes };
  return {
    ...empty,
    outcomes: all,
    requests: Object.values(all).reduce((sum, count) => sum + count, 0),
    instances: Object.fromEntries(Object.entries(instances).map(([id, ok]) => [id, { requests: ok, ok }])),
    via: 'nginx',
    errors: all['429'] > 0 ? [{ outcome: '429', code: 'too_many_connections', message: null, count: all['429'] }] : [],
  };
}

describe('the verdict', () => {
  it('says of the guide’s ten requests that the limiter works', () => {
    const ten = report({ ok: 9, '429': 1 }, { 'app-1': 3, 'app-2': 3, 'app-3': 3 });
    const { tone, title, text } = verdict(ten, false, PER_INSTANCE);
    expect(tone).toBe('good');
    expect(title).toBe('Nine completed, one was refused by the limiter.');
    expect(text).toBe(
      '429 means the limit of three streams per user and instance: 3 × 3 = 9 at once. The limiter works as intended. ' +
        'Each of the three instances completed three.',
    );
  });

  it('writes numbers in one way within a sentence', () => {
    const thirty = report({ ok: 27, '429': 3 }, { 'app-1': 9, 'app-2': 9, 'app-3': 9 });
    expect(verdict(thirty, false, PER_INSTANCE).title).toBe('27 completed, 3 were refused by the limiter.');
  });

  it('groups the digits of large numbers', () => {
    const many = report({ ok: 8302 }, { 'app-1': 2775, 'app-2': 2769, 'app-3': 2758 });
    const { title, text } = verdict(many, false, PER_INSTANCE);
    expect(`${title} ${text}`).toBe('8,302 completed. Each instance completed between 2,758 and 2,775.');
  });

  it('does not call 503 a purpose, nor a cut stream a success', () => {
    expect(verdict(report({ ok: 1, '503': 2 }, { 'app-1': 1 }), false, null)).toMatchObject({
      tone: 'note',
      title: 'One completed, two were refused.',
    });
    expect(verdict(report({ ok: 8, truncated: 1 }, { 'app-1': 8 }), false, null)).toMatchObject({
      tone: 'bad',
      title: 'Eight completed, one cut off.',
    });
  });

  it('is no praise for a run past the balancer', () => {
    const direct = { ...report({ ok: 3, '429': 7 }, { 'app-1': 3 }), via: 'direct' as const };
    expect(verdict(direct, false, null)).toMatchObject({ tone: 'note', text: expect.stringContaining('one instance') });
  });

  it('says of a refusal what its code says, and not what the status might mean', () => {
    const refused = (outcome: '429' | '503', code: string, message: string | null) => {
      const run = report({ [outcome]: 5 }, {});
      run.errors = [{ outcome, code, message, count: 5 }];
      const { title, text, tone } = verdict(run, false, PER_INSTANCE);
      return [title, text, tone];
    };
    expect(refused('503', 'service_unavailable', 'The provider a fails at the moment and is left alone')).toEqual([
      'No stream completed, five were refused.',
      'Five requests got 503. Most frequent reason: The provider a fails at the moment and is left alone.',
      'note',
    ]);
    expect(refused('503', 'service_unavailable', null)[1]).toBe(
      'Five requests got 503. Most frequent reason: No capacity at the moment; try again shortly.',
    );
    expect(refused('429', 'upstream_rate_limited', null)).toEqual([
      'No stream completed, five were refused.',
      'Five requests got 429. Most frequent reason: The provider limits its rate; wait for Retry-After seconds.',
      'note',
    ]);
    expect(refused('429', 'rate_limited', null)[0]).toBe('No stream completed, five were refused by the limiter.');
  });

  it('names instances that got nothing, and counts the limit over those that answered', () => {
    const summary = new Summary({ instances: ['app-1', 'app-2', 'app-3'] });
    for (let index = 0; index < 60; index++) {
      const outcome = index < 8 ? '429' : 'ok';
      const code = index < 8 ? 'too_many_connections' : null;
      summary.add(loadRecord({ index, instance: `app-${2 + (index % 2)}`, outcome, code }));
    }
    const { tone, text } = verdict(summary.report(), false, PER_INSTANCE);
    expect(tone).toBe('note');
    expect(text).toContain('2 × 3 = 6 at once');
    expect(text).toContain('app-1 answered no request');
  });

  it('names the most frequent failure', () => {
    const failed = report({ ok: 1, '502': 2 }, { 'app-1': 1 });
    failed.errors = [{ outcome: '502', code: 'upstream_error', message: 'The provider failed', count: 2 }];
    expect(verdict(failed, false, null).text).toBe('Two failed. Most frequent reason: The provider failed.');
  });

  it('says when it was stopped', () => {
    const stopped = report({ ok: 2, cancelled: 3 }, { 'app-1': 2 });
    expect(verdict(stopped, true, null)).toMatchObject({
      tone: 'note',
      text: 'You stopped the run after five requests.',
    });
  });
});

describe('the counts', () => {
  it('put every outcome in exactly one group', () => {
    const counts = runCounts(report({ ok: 1, '429': 2, '503': 3, truncated: 4, cancelled: 5, tls: 6, '502': 7 }, {}));
    expect(counts).toEqual({
      completed: 1,
      refused429: 2,
      refused503: 3,
      truncated: 4,
      cancelled: 5,
      failed: 6,
      failed502: 7,
    });
  });
});

describe('what is expected of the guide’s ten streams', () => {
  it.each([
    [
      null,
      0,
      'With three instances and three streams per user on each, nine of ten run at once and the tenth gets a 429.',
    ],
    [
      PER_INSTANCE,
      1,
      'With one instance and three streams per user on each, three of ten run at once and the other seven get a 429.',
    ],
    [PER_INSTANCE, 4, 'With four instances and three streams per user on each, all ten run at once.'],
    [
      { perUser: 9, scope: 'cluster' } as const,
      3,
      'With nine streams per user over all instances, nine of ten run at once and the tenth gets a 429.',
    ],
  ])('%j on %i', (limits, instances, words) => {
    expect(expectedWords(limits, instances)).toBe(words);
  });
});
