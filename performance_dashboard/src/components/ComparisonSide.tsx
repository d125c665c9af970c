import { useMemo } from 'react';
import type { RunState } from '../stores/runStore.ts';
import { sideOf, slotsAt, type UserLimit } from '../view/comparisonVerdict.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { stripCells } from '../view/stripCells.ts';
import { InstanceMark } from './InstanceMark.tsx';
import { StripCells } from './StripCells.tsx';

interface Props {
  title: string;
  /** What stands between the requests and the instances. */
  via: string;
  state: RunState;
  instances: readonly string[];
  limit: UserLimit;
  waiting: string;
}

/** One side: the requests as tiles, what is between, and the slots that they reached. */
export function ComparisonSide({ title, via, state, instances, limit, waiting }: Props) {
  const { snapshot, strip } = state;
  const cells = useMemo(() => stripCells(strip), [strip]);
  const side = snapshot && sideOf(snapshot, instances);
  return (
    <section aria-label={title} className="flex min-w-0 flex-1 flex-col gap-4 px-4 py-4 sm:px-6">
      <h3 className="text-heading font-semibold">{title}</h3>
      <dl className="flex items-end gap-8">
        <Figure value={side?.streamed} label="streamed" ink={side?.streamed ? 'text-good' : ''} />
        <Figure value={side?.refused} label="refused" ink={side?.refused ? 'text-warn' : ''} />
        {side && side.broken > 0 && <Figure value={side.broken} label="broken" ink="text-bad" />}
      </dl>
      <div className="min-h-11">
        {cells.length > 0 ? <StripCells cells={cells} large /> : <p className="text-muted">{waiting}</p>}
      </div>
      <div className="flex items-center gap-2 text-label text-muted">
        <span className="rounded border border-line-strong px-2 py-0.5 font-medium">{via}</span>
        <span
          aria-hidden="true"
          className="path-line flex-1"
          data-flow={state.phase === 'running' ? 'true' : 'false'}
        />
        <span>
          {limit.slots} slots per user, {limit.scope === 'cluster' ? 'over all' : 'each'}
        </span>
      </div>
      <ul className="grid gap-2 sm:grid-cols-3">
        {instances.map((id, index) => {
          const taken = Math.max(side?.instances[index]?.streamed ?? 0, snapshot?.active_by_instance[id] ?? 0);
          const { words, places } = slotsAt(taken, limit);
          return (
            <li key={id} className={`rounded border border-line p-2 ${taken === 0 ? 'bg-sunken text-muted' : ''}`}>
              <InstanceMark id={id} />
              <div className="mt-2 flex min-h-5 gap-1" aria-hidden="true" style={{ color: instanceMark(id).colour }}>
                {Array.from({ length: places }, (_, slot) => (
                  <span
                    // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its place
                    key={slot}
                    className={`h-5 min-w-0 flex-1 rounded-sm border ${slot < taken ? 'border-current bg-current' : 'border-dashed border-line-strong'}`}
                  />
                ))}
              </div>
              <div className="mt-1 text-label">{words}</div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Figure({ value, label, ink }: { value: number | undefined; label: string; ink: string }) {
  return (
    <div className="flex flex-col">
      <dt className="order-last text-muted">{label}</dt>
      <dd className={`text-display font-semibold ${value === undefined ? 'text-muted' : ink || 'text-muted'}`}>
        {value ?? '–'}
      </dd>
    </div>
  );
}
