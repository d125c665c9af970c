import { useMemo } from 'react';
import type { SeriesPoint } from '../api.ts';
import { LaterTimeChart } from './LaterTimeChart.tsx';

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
