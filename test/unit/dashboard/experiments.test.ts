import { describe, expect, it } from 'vitest';
import { Summary } from '../../../performance_dashboard/src/api.ts';
import {
  comparisonVerdict,
  type DrillStream,
  drillVerdict,
  sideOf,
  slotsAt,
} from '../../../performance_dashboard/src/view/experimentVerdicts.ts';

const side = (streamed: number[], refused: number, broken = 0) => ({
  streamed: streamed.reduce((sum, n) => sum + n, 0),
  refused,
  broken,
  instances: streamed.map((n, index) => ({ id: `app-${index + 1}`, streamed: n })),
});

const EACH = { slots: 3, scope: 'instance' } as const;
const OVER_ALL = { slots: 9, scope: 'cluster' } as const;

describe('the comparison', () => {
  it('says what the balancer brought', () => {
    const { tone, text } = comparisonVerdict(side([3, 3, 3], 1), side([3, 0, 0], 7), 10, EACH);
    expect(tone).toBe('good');
    expect(text).toContain('9 streamed over 3 instances, 3 on one instance. That is 3 times as many');
  });

  it('praises neither a balancer that brought nothing nor a broken run', () => {
    expect(comparisonVerdict(side([3], 7), side([3], 7), 10, EACH)).toMatchObject({ tone: 'warn' });
    expect(comparisonVerdict(side([3, 3, 2], 1, 1), side([3], 7), 10, EACH)).toMatchObject({
      tone: 'warn',
      text: expect.stringContaining('1 stream broke off'),
    });
  });

  it('says why both sides get the same where the limit holds over all instances', () => {
    const { text } = comparisonVerdict(side([3, 3, 3], 1), side([9, 0, 0], 1), 10, OVER_ALL);
    expect(text).toMatch(/^9 and 9 of 10 streamed\. The limit of 9 streams per user applies to all instances/);
    expect(text).toContain('--pool-scope instance');
    expect(text).not.toContain('more than one instance');
    const broken = comparisonVerdict(side([3, 3, 2], 1, 1), side([9], 1), 10, OVER_ALL);
    expect(broken.text).toContain('broke off');
  });

  it('gives an instance slots of its own only where it has some', () => {
    expect(slotsAt(0, EACH)).toEqual({ words: 'idle, 3 free', places: 3 });
    expect(slotsAt(2, EACH)).toEqual({ words: '2 of 3 in use', places: 3 });
    expect(slotsAt(0, OVER_ALL)).toEqual({ words: 'idle', places: 0 });
    expect(slotsAt(3, OVER_ALL)).toEqual({ words: '3 in use', places: 3 });
  });

  it('counts every instance that is known, also one that got nothing', () => {
    const empty = new Summary().report();
    const report = {
      ...empty,
      instances: { 'app-1': { requests: 10, ok: 3 } },
      outcomes: { ...empty.outcomes, ok: 3, '429': 7 },
    };
    expect(sideOf(report, ['app-1', 'app-2'])).toEqual(side([3, 0], 7));
  });
});

describe('the failover drill', () => {
  const stream = (change: Partial<DrillStream> = {}): DrillStream => ({
    index: 0,
    parts: [{ instance: 'app-1', tokens: 100 }],
    epoch: 1,
    gapsMs: [],
    state: 'whole',
    checksum: true,
    reason: null,
    ...change,
  });
  const moved = stream({
    parts: [
      { instance: 'app-2', tokens: 40 },
      { instance: 'app-1', tokens: 60 },
    ],
    epoch: 2,
    gapsMs: [143.6],
  });

  it('has lost nothing when all came, with the right checksum, over two instances', () => {
    const { tone, title, text } = drillVerdict([stream(), moved], 100, 'app-2');
    expect([tone, title]).toEqual(['good', '0 tokens lost']);
    expect(text).toBe(
      'app-2 was killed. 1 of 2 streams continued on other instances, after at most 144 ms. Every checksum is correct.',
    );
  });

  it('says how many are lost, and why', () => {
    const cut = stream({
      parts: [{ instance: 'app-2', tokens: 93 }],
      state: 'broken',
      checksum: false,
      reason: 'gone',
    });
    expect(drillVerdict([stream(), cut], 100, 'app-2')).toMatchObject({
      tone: 'bad',
      title: '7 tokens lost',
      text: expect.stringContaining('First reason: gone.'),
    });
  });

  it('could not run when streams did not start: nothing was killed, so nothing is lost', () => {
    const refused = stream({ parts: [], epoch: 0, state: 'broken', checksum: null, reason: 'the API asks for a key' });
    for (const streams of [
      [refused, refused],
      [stream(), refused, refused],
    ]) {
      const { tone, title, text } = drillVerdict(streams, 100, null);
      expect([tone, title]).toEqual(['warn', 'The drill could not run']);
      expect(text).toMatch(/^No instance was killed: 2 of [23] streams did not start\. First reason: the API asks/);
      expect(text).toContain('start the drill again');
    }
    expect(drillVerdict([stream(), refused], 100, 'app-2').title).toBe('100 tokens lost');
  });

  it('does not call whole what has no right checksum, nor a drill what moved nothing', () => {
    expect(drillVerdict([stream({ checksum: false })], 100, 'app-2').tone).toBe('bad');
    expect(drillVerdict([stream()], 100, 'app-2')).toMatchObject({ tone: 'warn', title: '0 tokens lost' });
    expect(drillVerdict([stream()], 100, null).text).toContain('No instance was killed');
  });

  it('finds tokens that came twice', () => {
    const twice = stream({ parts: [{ instance: 'app-1', tokens: 103 }], gapsMs: [10] });
    expect(drillVerdict([twice], 100, 'app-2')).toMatchObject({
      tone: 'bad',
      text: expect.stringContaining('3 tokens arrived twice'),
    });
  });
});
