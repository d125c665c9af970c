import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { Scroll } from './Panel.tsx';

export interface ChartSeries {
  label: string;
  /** A CSS custom property, such as `--accent`. */
  colour: string;
  /** Dash of the line in pixels; undefined: solid. Distinguishes lines without colour. */
  dash?: number[];
  /** `area` fills below the line; `stack` also adds to the series before it. */
  fill?: 'area' | 'stack';
  values: readonly (number | null)[];
}

interface Props {
  /** Names the chart and its table. */
  title: string;
  /** In seconds. */
  times: readonly number[];
  series: readonly ChartSeries[];
  theme: 'light' | 'dark';
  /** First and last time shown; default: those of the data. */
  window?: readonly [number, number];
  /** In pixels. */
  height?: number;
}

/** Maximum of rows in the table of the chart. */
const TABLE_ROWS = 20;

/** Lines over time, with a legend and a table of the same numbers. */
export function TimeChart({ title, times, series, theme, window, height = 200 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const shape = JSON.stringify({
    window,
    series: series.map(({ label, colour, dash, fill }) => ({ label, colour, dash, fill })),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: canvas has no custom properties, so colours are read again
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const plot = new uPlot(options(JSON.parse(shape), element.clientWidth, height), [[]], element);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
  }, [shape, theme, height]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new chart needs its data
  useEffect(() => {
    chart.current?.setData([[...times], ...drawn(series)]);
  }, [times, series, shape, theme]);

  return (
    <figure className="m-0 min-w-0">
      <figcaption className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <span className="font-semibold">{title}</span>
        <ul className="flex flex-wrap gap-x-4 text-label text-muted">
          {series.map(({ label, colour, dash }) => (
            <li key={label} className="flex items-center gap-1.5">
              <svg width="18" height="4" aria-hidden="true" style={{ color: `var(${colour})` }}>
                <path d="M0 2h18" stroke="currentColor" strokeWidth="3" strokeDasharray={dash?.join(' ')} />
              </svg>
              {label}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={box} aria-hidden="true" className="w-full overflow-hidden" style={{ height }} />
      <details className="mt-1 text-label">
        <summary className="w-fit text-muted hover:text-ink">Show as a table</summary>
        <Scroll label={`${title}, table`} tall>
          <ChartTable title={title} times={times} series={series} />
        </Scroll>
      </details>
    </figure>
  );
}

function ChartTable({ title, times, series }: Pick<Props, 'title' | 'times' | 'series'>) {
  const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS));
  const rows = times.flatMap((time, index) =>
    index % step === 0 || index === times.length - 1 ? [{ time, index }] : [],
  );
  return (
    <table className="data-table">
      <caption className="sr-only">{title}</caption>
      <thead>
        <tr>
          <th scope="col">Time, s</th>
          {series.map(({ label }) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ time, index }) => (
          <tr key={index}>
            <td>{time.toFixed(1)}</td>
            {series.map(({ label, values }) => (
              <td key={label}>{values[index] ?? '–'}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Values to draw. Stacked lines are drawn from the top down, each over the one above it. */
function drawn(series: readonly ChartSeries[]): (number | null)[][] {
  if (series[0]?.fill !== 'stack') return series.map(({ values }) => [...values]);
  const tops: number[][] = [];
  for (const { values } of series) {
    const below = tops.at(-1);
    tops.push(values.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return tops.reverse();
}

interface Shape {
  window?: [number, number];
  series: Omit<ChartSeries, 'values'>[];
}

function options({ window, series }: Shape, width: number, height: number): uPlot.Options {
  const style = document.createElement('span');
  document.body.append(style);
  const resolve = (colour: string) => {
    style.style.color = colour;
    return getComputedStyle(style).color;
  };
  const axis: uPlot.Axis = {
    stroke: resolve('var(--muted)'),
    grid: { stroke: resolve('var(--line)'), width: 1 },
    ticks: { stroke: resolve('var(--line)'), width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  };
  const lines = series.map(({ label, colour, dash, fill }): uPlot.Series => {
    const paths = uPlot.paths.stepped!({ align: 1 });
    const base = { label, stroke: resolve(`var(${colour})`), width: 2, points: { show: false }, paths };
    const tint = fill && resolve(`color-mix(in srgb, var(${colour}) ${fill === 'stack' ? 45 : 12}%, var(--surface))`);
    return { ...base, ...(dash ? { dash } : {}), ...(tint ? { fill: tint } : {}) };
  });
  style.remove();
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, ...(window ? { range: window } : {}) },
      y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil((max ?? 0) * 1.1))] },
    },
    axes: [
      { ...axis, size: 28, values: (_plot, ticks) => ticks.map((tick) => `${tick} s`) },
      {
        ...axis,
        size: 36,
        values: (_plot, ticks) => ticks.map((tick) => (tick < 1000 ? `${tick}` : `${tick / 1000}k`)),
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      },
    ],
    series: [{}, ...(series[0]?.fill === 'stack' ? lines.reverse() : lines)],
  };
}
