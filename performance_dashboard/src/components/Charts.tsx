import { type ComponentProps, lazy, Suspense, useMemo } from 'react';
import type { SeriesPoint } from '../api.ts';
import type { History } from '../stores/instanceHistory.ts';
import { instanceMark } from '../view/instanceMark.ts';

/** Streams of a run over its time. */
export function RunChart({ series, theme }: { series: readonly SeriesPoint[]; theme: 'light' | 'dark' }) {
  const data = useMemo(
    () => ({
      times: series.map(({ t_ms }) => t_ms / 1000),
      lines: [
        { label: 'Active', colour: '--accent', fill: 'area' as const, values: series.map(({ active }) => active) },
        { label: 'Completed', colour: '--good', dash: [8, 4], values: series.map(({ ok }) => ok) },
        { label: 'Refused', colour: '--warn', dash: [2, 3], values: series.map(({ refused }) => refused) },
      ],
    }),
    [series],
  );
  return (
    <section className="panel px-4 py-3">
      <LaterTimeChart
        title="Streams in flight over time"
        times={data.times}
        series={data.lines}
        theme={theme}
        height={260}
      />
    </section>
  );
}

/** Seconds, up to now. */
const WINDOW = [-120, 0] as const;

/** Active streams of each instance over the last two minutes. */
export function ActiveChart({ history, theme }: { history: History; theme: 'light' | 'dark' }) {
  const { points, instances } = history;
  const ids = instances.map(({ id }) => id).join('\n');
  const data = useMemo(() => {
    const last = points.at(-1)?.at ?? 0;
    return {
      times: points.map(({ at }) => (at - last) / 1000),
      lines: ids.split('\n').map((id) => ({
        label: id,
        colour: instanceMark(id).property,
        fill: 'stack' as const,
        values: points.map(({ active }) => active[id] ?? null),
      })),
    };
  }, [points, ids]);
  return (
    <section className="panel px-4 py-3">
      <LaterTimeChart
        title="Active streams, stacked, last two minutes"
        times={data.times}
        series={data.lines}
        theme={theme}
        window={WINDOW}
      />
    </section>
  );
}

const importTimeChart = () => import('./TimeChart.tsx').then(({ TimeChart }) => ({ default: TimeChart }));
const TimeChart = lazy(importTimeChart);

/** The drawing library is a tenth of the page and not in its first picture; it is fetched right after it. */
export function fetchTimeChart(): void {
  // Where that fails, the chart asks again when it is wanted.
  importTimeChart().catch(() => {});
}

/** {@link TimeChart}, with its place kept until it is there. */
export function LaterTimeChart(props: ComponentProps<typeof TimeChart>) {
  return (
    <Suspense fallback={<div style={{ height: (props.height ?? 200) + 60 }} />}>
      <TimeChart {...props} />
    </Suspense>
  );
}
