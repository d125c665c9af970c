import type { LoadSnapshot } from '../api.ts';
import { formatCount } from '../view/format.ts';
import { runCounts } from '../view/runCounts.ts';

/** The run's counts in one row; a colour only where a count is not zero. */
export function RunFigures({ snapshot }: { snapshot: LoadSnapshot }) {
  const counts = runCounts(snapshot);
  const figures = [
    { label: 'Active', unit: 'streams', value: snapshot.active, ink: 'text-accent' },
    { label: 'Completed', unit: 'status 200', value: counts.completed, ink: 'text-good' },
    { label: 'Refused 429', unit: 'too many', value: counts.refused429, ink: 'text-warn' },
    { label: 'Refused 503', unit: 'unavailable', value: counts.refused503, ink: 'text-warn' },
    { label: 'Failed 502', unit: 'bad gateway', value: counts.failed502, ink: 'text-bad' },
    { label: 'Truncated', unit: 'cut off', value: counts.truncated, ink: 'text-bad' },
    { label: 'Failed', unit: 'other errors', value: counts.failed, ink: 'text-bad' },
    ...(counts.cancelled > 0
      ? [{ label: 'Cancelled', unit: 'by Stop', value: counts.cancelled, ink: 'text-muted' }]
      : []),
    ...(snapshot.outcomes.not_sent > 0
      ? [{ label: 'Not sent', unit: 'limit in flight', value: snapshot.outcomes.not_sent, ink: 'text-warn' }]
      : []),
  ];
  return (
    <dl className="flex flex-wrap gap-px bg-line">
      {figures.map(({ label, unit, value, ink }) => (
        <div key={label} className="flex grow basis-24 flex-col bg-surface px-3 py-2.5">
          <dt className="text-label whitespace-nowrap text-muted">{label}</dt>
          <dd className={`order-first text-figure font-semibold ${value > 0 ? ink : 'text-muted'}`}>
            {formatCount(value)} <span className="sr-only">{unit}</span>
          </dd>
          <dd aria-hidden="true" className="text-label whitespace-nowrap text-muted">
            {unit}
          </dd>
        </div>
      ))}
    </dl>
  );
}
