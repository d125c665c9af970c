import { useMemo } from 'react';
import type { History } from '../stores/instanceHistory.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { LaterTimeChart } from './LaterTimeChart.tsx';

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
