import { type ComponentProps, lazy, Suspense } from 'react';

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
