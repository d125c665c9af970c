import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface ChartSeries {
  label: string;
  /** A CSS custom property, such as `--accent`. */
  colour: string;
  /** Dash of the line in pixels; none means full. Tells lines apart without colour. */
  dash?: number[];
  fill?: boolean;
  values: readonly (number | null)[];
}

interface Props {
  /** Names the chart and its table. */
  title: string;
  /** In seconds. */
  times: readonly number[];
  series: readonly ChartSeries[];
  theme: 'light' | 'dark';
}

/** Rows of the table behind the chart: more would only be read by a machine. */
const TABLE_ROWS = 20;
const HEIGHT = 200;

/** Lines over time, with a legend that names them and a table of the same numbers. */
export function TimeChart({ title, times, series, theme }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const shape = JSON.stringify(series.map(({ label, colour, dash, fill }) => ({ label, colour, dash, fill })));

  // Canvas knows no custom properties: colours are read again when the theme changes.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const plot = new uPlot(options(JSON.parse(shape), element.clientWidth, theme), [[]], element);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
  }, [shape, theme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart that was made anew needs its data again
  useEffect(() => {
    chart.current?.setData([[...times], ...series.map(({ values }) => [...values])]);
  }, [times, series, shape, theme]);

  return (
    <figure className="m-0 min-w-0">
      <figcaption className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <span className="font-semibold">{title}</span>
        <ul className="flex flex-wrap gap-x-4 text-label text-muted">
          {series.map(({ label, colour, dash }) => (
            <li key={label} className="flex items-center gap-1.5">
              <svg width="18" height="4" aria-hidden="true" style={{ color: `var(${colour})` }}>
                <path d="M0 2h18" stroke="currentColor" strokeWidth="2.5" strokeDasharray={dash?.join(' ')} />
              </svg>
              {label}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={box} aria-hidden="true" className="w-full overflow-hidden" style={{ height: HEIGHT }} />
      <details className="mt-1 text-label">
        <summary className="w-fit text-muted hover:text-ink">Show as a table</summary>
        <div className="max-h-64 overflow-auto">
          <ChartTable title={title} times={times} series={series} />
        </div>
      </details>
    </figure>
  );
}

function ChartTable({ title, times, series }: Omit<Props, 'theme'>) {
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

function options(series: Omit<ChartSeries, 'values'>[], width: number, theme: string): uPlot.Options {
  const style = document.createElement('span');
  document.body.append(style);
  const resolve = (name: string) => {
    style.style.color = `var(${name})`;
    return getComputedStyle(style).color;
  };
  const axis: uPlot.Axis = {
    stroke: resolve('--muted'),
    grid: { stroke: resolve('--line'), width: 1 },
    ticks: { stroke: resolve('--line'), width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  };
  const lines = series.map(({ label, colour, dash, fill }): uPlot.Series => {
    const stroke = resolve(colour);
    const area = stroke.replace(/^rgb\((.*)\)$/, `rgba($1, ${theme === 'dark' ? 0.16 : 0.1})`);
    const base = { label, stroke, width: 2, points: { show: false }, paths: uPlot.paths.stepped!({ align: 1 }) };
    return { ...base, ...(dash ? { dash } : {}), ...(fill ? { fill: area } : {}) };
  });
  style.remove();
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil((max ?? 0) * 1.1))] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((tick) => `${tick} s`) },
      { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
    ],
    series: [{}, ...lines],
  };
}
