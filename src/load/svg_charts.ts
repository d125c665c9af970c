import { escapeHtml } from './html_text.ts';
import type { SeriesPoint } from './time_series.ts';

const WIDTH = 720;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 8;

/** A line of a chart; `name` is also its class. */
interface Line {
  name: string;
  value: (point: SeriesPoint) => number;
}

/** Streams in flight over time, as SVG text. */
export function activeChart(series: readonly SeriesPoint[]): string {
  return lineChart('Streams in flight over time', series, [{ name: 'active', value: ({ active }) => active }]);
}

/** Requests that ended, by how, over time. */
export function endedChart(series: readonly SeriesPoint[]): string {
  return lineChart('Requests ended over time', series, [
    { name: 'ok', value: ({ ok }) => ok },
    { name: 'refused', value: ({ refused }) => refused },
    { name: 'failed', value: ({ failed }) => failed },
  ]);
}

function lineChart(title: string, series: readonly SeriesPoint[], lines: readonly Line[]): string {
  const endMs = Math.max(1, series.at(-1)?.t_ms ?? 1);
  const top = roundUp(Math.max(1, ...series.flatMap((point) => lines.map(({ value }) => value(point)))));
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - 8);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.5, 1].map((part) => {
    const at = y(top * part).toFixed(1);
    const label = `<text x="${LEFT - 6}" y="${at}" dy="4" text-anchor="end">${top * part}</text>`;
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="${at}" y2="${at}"/>${label}`;
  });
  const ends = `<text x="${LEFT}" y="${HEIGHT - 6}">0 s</text><text x="${WIDTH - 8}" y="${HEIGHT - 6}" text-anchor="end">${(endMs / 1000).toFixed(1)} s</text>`;
  const paths = lines.map(({ name, value }) => {
    const points = series.map((point) => `${x(point.t_ms).toFixed(1)},${y(value(point)).toFixed(1)}`);
    return `<polyline class="line ${name}" points="${points.join(' ')}"/>`;
  });
  return `<svg role="img" aria-label="${escapeHtml(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${grid.join('')}${ends}${paths.join('')}</svg>`;
}

/** 1, 2 or 5 times a power of ten, and even, so that its half is a whole number too. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value)! * power;
  return Math.max(2, step === 5 ? 6 : step);
}
