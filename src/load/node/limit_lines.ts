import type { LoadReport } from '../load_report.ts';
import { milliseconds, right } from './text_cells.ts';

/** The steps of a search for the limit; nothing for other runs. */
export function limitLines({ limit }: LoadReport): string[] {
  if (limit === null) return [];
  const rows = limit.steps.map((step) => {
    const { concurrency, goodput_per_second: goodput, ttft_p50_ms: p50, ttft_p95_ms: p95, ok, requests } = step;
    const mark = limit.knee?.concurrency === concurrency ? '  <- the knee' : '';
    const ttft =
      p50 === null || p95 === null ? 'no TTFT' : `TTFT p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)} ms`;
    return `  ${right(concurrency, 6)} streams  ${right(goodput.toFixed(1), 9)}/s  ${ttft}, ${ok} of ${requests} ok${mark}`;
  });
  return ['steps to the limit:', ...rows];
}
