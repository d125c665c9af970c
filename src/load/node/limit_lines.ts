import type { LoadReport } from '../load_report.ts';
import { milliseconds, right } from './text_cells.ts';

/** The steps of a search for the limit, and why it ended; nothing for other runs. */
export function limitLines({ limit }: LoadReport): string[] {
  if (limit === null) return [];
  const rows = limit.steps.map((step) => {
    const { concurrency, goodput_per_second: goodput, ttft_p50_ms: p50, ttft_p95_ms: p95, ok, requests } = step;
    const mark = limit.knee?.concurrency === concurrency ? '  <- the knee' : '';
    const ttft =
      p50 === null || p95 === null ? 'no TTFT' : `TTFT p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)} ms`;
    return `  ${right(concurrency, 6)} streams  ${right(goodput.toFixed(1), 9)}/s  ${ttft}, ${ok} of ${requests} ok${mark}`;
  });
  const reasons = {
    knee: 'more streams brought no more answers, only a later first text',
    refused: 'more than half of the requests were not answered well',
    max: 'the largest concurrency was reached',
    interrupted: 'it was interrupted',
  };
  return [
    'steps to the limit:',
    ...rows,
    `  ended because ${limit.reason === null ? 'of nothing yet' : reasons[limit.reason]}`,
  ];
}
