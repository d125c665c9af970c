import { describe, expect, it } from 'vitest';
import { type LoadSnapshot, Summary } from '../../../performance_dashboard/src/api.ts';
import {
  axisEnd,
  emptyRunView,
  instanceOrder,
  laneDots,
  stripCells,
  withEnds,
  withSnapshot,
  withStarts,
  withStrip,
} from '../../../performance_dashboard/src/view/runView.ts';
import { progressOf } from '../../../performance_dashboard/src/view/runWords.ts';
import { DEFAULTS, planOf } from '../../../performance_dashboard/src/view/settings.ts';

const start = (index: number, instance = 'app-1', atMs = 0) => ({ index, instance, atMs });
const snapshot = (change: Partial<LoadSnapshot> = {}): LoadSnapshot => ({ ...new Summary().snapshot(0), ...change });

describe('the view of a run', () => {
  it('keeps the first 200 requests by their number, however they come', () => {
    let view = withStarts(emptyRunView, [start(2, 'app-3'), start(0), start(500)]);
    view = withEnds(view, [{ index: 2, instance: 'app-3', outcome: 'ok' }]);
    expect(view.strip).toEqual([
      { instance: 'app-1', outcome: null },
      { instance: null, outcome: null },
      { instance: 'app-3', outcome: 'ok' },
    ]);
    expect(view.starts).toHaveLength(3);
  });

  it('takes nothing twice when a connection comes back, and no more of a sequence than it shows', () => {
    const once = withStarts(emptyRunView, [start(0), start(1)]);
    expect(withStarts(once, [start(0), start(1), start(2)]).starts.map(({ index }) => index)).toEqual([0, 1, 2]);
    const strip = Array.from({ length: 300 }, () => ({ instance: 'app-1', outcome: null }));
    expect(withStrip(once, strip).strip).toHaveLength(200);
  });

  it('makes a ring of a dot whose request was refused, from either source', () => {
    const view = withStarts(emptyRunView, [start(0), start(1)]);
    const ended = withEnds(view, [{ index: 1, instance: 'app-1', outcome: '429' }]);
    expect(ended.starts.map(({ refused }) => refused)).toEqual([undefined, true]);
    const asked = withStrip(view, [{ instance: 'app-1', outcome: '503' }]);
    expect(asked.starts.map(({ refused }) => refused)).toEqual([true, undefined]);
  });

  it('has bounds: 4,000 dots, 600 points of its course', () => {
    let view = emptyRunView;
    for (let at = 0; at < 2_000; at++) {
      view = withSnapshot(view, snapshot({ elapsed_ms: at * 200, active_by_instance: { 'app-1': at } }));
    }
    expect(view.course.length).toBeLessThanOrEqual(600);
    expect(view.course.at(-1)).toEqual({ atMs: 399_800, active: { 'app-1': 1_999 } });
    const many = Array.from({ length: 5_000 }, (_, index) => start(index));
    const thin = withStarts(withStarts(emptyRunView, many), [start(5_000), start(5_001)]);
    expect([thin.every, thin.starts.length, thin.starts.at(-1)?.index]).toEqual([2, 2_501, 5_000]);
  });

  it('orders instances by name, known ones and seen ones', () => {
    const seen = snapshot({ instances: { 'app-10': { requests: 1, ok: 1 } }, active_by_instance: { 'app-2': 1 } });
    expect(instanceOrder(['app-1'], seen)).toEqual(['app-1', 'app-2', 'app-10']);
  });
});

describe('the lanes', () => {
  it('stack what starts in one moment, and leave out what is another’s', () => {
    const dots = laneDots([start(0), start(1), start(2, 'app-2'), start(3, 'app-1', 1_000)], 'app-1', 2_000, 208);
    expect(dots.map(({ x, level }) => [x, level])).toEqual([
      [4, 0],
      [4, 1],
      [100, 0],
    ]);
  });

  it('end at a round number', () => {
    expect([0, 2_100, 7_100, 61_000].map(axisEnd)).toEqual([2_500, 2_500, 7_500, 120_000]);
  });
});

describe('the sequence', () => {
  it('says by letter and kind where each request went, and how', () => {
    const strip = [
      { instance: 'app-2', outcome: 'ok' },
      { instance: 'app-1', outcome: '429' },
      { instance: 'app-1', outcome: null },
      { instance: null, outcome: 'connect' },
    ] as const;
    expect(stripCells(strip).map(({ letter, kind }) => `${letter} ${kind}`)).toEqual([
      'B streamed',
      'A refused',
      'A running',
      '– broken',
    ]);
  });
});

describe('the progress', () => {
  const plan = planOf(DEFAULTS, 'https://localhost/api/v1', 'fake', 'demo');
  const phases = (progress: ReturnType<typeof progressOf>) =>
    progress.phases.map(({ name, state }) => `${name} ${state}`);

  it('counts requests, or time, and names the phase', () => {
    const now = snapshot({ phase: 'measure', requests: 15, elapsed_ms: 3_000 });
    expect(progressOf(plan, now, false)).toMatchObject({ share: 0.5, words: '15 of 30 requests · 3.0 s' });
    const timed = planOf({ ...DEFAULTS, mode: 'rate', durationS: 10, warmupS: 2 }, plan.url, 'fake', 'demo');
    const progress = progressOf(timed, now, false);
    expect(progress).toMatchObject({ share: 0.25, words: '15 requests · 3.0 s of 12.0 s' });
    expect(phases(progress)).toEqual(['Warm-up done', 'Measure now', 'Drain next']);
    expect(progressOf(timed, now, true).words).toBe('15 requests · 3.0 s');
    expect(phases(progressOf(timed, now, true))).toEqual(['Warm-up done', 'Measure done', 'Drain done']);
  });

  it('claims no share of a search whose end is unknown', () => {
    const search = planOf({ ...DEFAULTS, mode: 'limit' }, plan.url, 'fake', 'demo');
    expect(progressOf(search, snapshot(), false)).toMatchObject({ share: null, words: 'step 1 · 0 requests · 0.0 s' });
  });
});
