import type { RunState } from '../stores/runStore.ts';
import { formatCount } from '../view/format.ts';
import { runCounts } from '../view/runCounts.ts';

type Started = Exclude<RunState, { phase: 'idle' }>;

/** The run's counts in one row; a colour only where a count is not zero. */
export function RunFigures({ state: { snapshot } }: { state: Started }) {
  const counts = runCounts(snapshot);
  const figures = [
    { label: 'Active', unit: 'streams', value: snapshot.active, ink: 'text-accent' },
    { label: 'Completed', unit: 'streams', value: counts.completed, ink: 'text-good' },
    { label: 'Refused 429', unit: 'user limit', value: counts.refused429, ink: 'text-warn' },
    { label: 'Refused 503', unit: 'no capacity', value: counts.refused503, ink: 'text-warn' },
    { label: 'Failed', unit: 'errors', value: counts.failed, ink: 'text-bad' },
    { label: 'Truncated', unit: 'cut off', value: counts.truncated, ink: 'text-bad' },
    ...(counts.cancelled > 0
      ? [{ label: 'Cancelled', unit: 'by Stop', value: counts.cancelled, ink: 'text-muted' }]
      : []),
    { label: 'Tokens', unit: 'counted at end', value: snapshot.tokens, ink: 'text-ink' },
  ];
  return (
    <dl className="panel flex flex-wrap gap-px overflow-hidden bg-line!">
      {figures.map(({ label, unit, value, ink }) => (
        <div key={label} className="flex grow basis-28 flex-col bg-surface px-3 py-2.5">
          <dt className="text-label whitespace-nowrap text-muted">{label}</dt>
          <dd className={`order-first text-figure font-semibold ${value > 0 ? ink : 'text-muted'}`}>
            {formatCount(value)} <span className="sr-only">{unit}</span>
          </dd>
          <dd aria-hidden="true" className="text-label text-muted">
            {unit}
          </dd>
        </div>
      ))}
    </dl>
  );
}
