import { type ComponentProps, lazy, Suspense, useMemo } from 'react';
import type { SeriesPoint } from '../api.ts';
import type { History } from '../stores/instanceHistory.ts';
import { instanceMark } from '../view/instanceMark.ts';

/** Streams of a run over time. */
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
    <LaterTimeChart
      title="Streams in flight over time"
      times={data.times}
      series={data.lines}
      theme={theme}
      height={260}
    />
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
    <LaterTimeChart
      title="Active streams, stacked, last two minutes"
      times={data.times}
      series={data.lines}
      theme={theme}
      window={WINDOW}
    />
  );
}

const importTimeChart = () => import('./TimeChart.tsx').then(({ TimeChart }) => ({ default: TimeChart }));
const TimeChart = lazy(importTimeChart);

/** The chart library is a tenth of the page's code. It is loaded after the first screen is shown. */
export function fetchTimeChart(): void {
  // If this fails, the chart loads it again when it is shown.
  importTimeChart().catch(() => {});
}

/** {@link TimeChart} in a panel that may shrink, with its space reserved until it is loaded. */
function LaterTimeChart(props: ComponentProps<typeof TimeChart>) {
  return (
    <section className="panel min-w-0 px-4 py-3">
      <Suspense fallback={<div style={{ height: (props.height ?? 200) + 60 }} />}>
        <TimeChart {...props} />
      </Suspense>
    </section>
  );
}
