import { useMemo } from 'react';
import type { LoadSnapshot } from '../api.ts';
import { useShortcuts } from '../hooks/browser.ts';
import { COMPARED_REQUESTS, comparisonStore } from '../stores/comparisonStore.ts';
import { balancedStore, type RunState, singleStore } from '../stores/runStore.ts';
import { useLive, useStore } from '../stores/store.ts';
import { comparisonVerdict, sideOf, slotsAt, type UserLimit } from '../view/experimentVerdicts.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { instanceOrder, stripCells } from '../view/runView.ts';
import { Freshness, InstanceMark, StateDot } from './Marks.tsx';
import { LoginRequired, PanelState, type ScreenProps } from './Panel.tsx';
import { StripCells } from './SequenceStrip.tsx';

/** The guide's comparison: the same ten requests with and without the balancer. */
export function Comparison({ config, cluster }: ScreenProps) {
  const { phase, error, single } = useStore(comparisonStore);
  const balanced = useLive(balancedStore);
  const alone = useLive(singleStore);
  const busy = phase === 'balanced' || phase === 'single';
  const run = () => config.canRun && void comparisonStore.start(config.apiBaseUrl);
  useShortcuts([
    ['r', run],
    ['Escape', () => comparisonStore.stop()],
  ]);
  const known = cluster.history.instances.map(({ id }) => id);
  const instances = instanceOrder([...known, single], balanced.snapshot);
  const pool = cluster.view?.instances[0]?.pool;
  const limit: UserLimit = { slots: pool?.max_connections_per_user ?? 3, scope: pool?.scope ?? 'instance' };

  if (config.login) {
    return (
      <LoginRequired title="Log in to run this comparison">
        <p>The console sends ten requests through NGINX, and ten directly to one instance.</p>
      </LoginRequired>
    );
  }
  if (!config.canRun) {
    return (
      <PanelState tone="idle" title="This comparison runs only at the console’s own address">
        <p>
          It sends requests directly to one instance, past NGINX. Only the console on this machine can do that. Open the
          dashboard at {config.consoleUrl}.
        </p>
      </PanelState>
    );
  }
  return (
    <section aria-label="With and without the balancer" className="panel">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 border-b border-line px-4 py-4 sm:px-6">
        <div className="max-w-[80ch]">
          <h2 className="text-heading font-semibold">Ten concurrent requests, with and without the balancer</h2>
          <p className="text-muted">One user sends ten requests through NGINX, then the same ten to {single} only.</p>
        </div>
        <div className="flex items-center gap-4">
          {busy && <Freshness state="live" />}
          {phase === 'finished' && <Freshness state="finished" />}
          {phase === 'failed' && <Freshness state="failed" />}
          {busy ? (
            <button type="button" className="button-stop" onClick={() => comparisonStore.stop()}>
              Stop
            </button>
          ) : (
            <button type="button" className="button-run" onClick={run}>
              {phase === 'idle' ? 'Run the comparison' : 'Run again'}
            </button>
          )}
        </div>
      </div>
      {error && (
        <p role="alert" className="border-b border-bad bg-bad-ground px-4 py-3 sm:px-6">
          <b className="font-semibold text-bad">The comparison did not finish.</b> {error}
        </p>
      )}
      <div className="flex flex-col divide-y divide-line lg:flex-row lg:divide-x lg:divide-y-0">
        <ComparisonSide
          title="Through NGINX"
          via="NGINX, least connections"
          state={balanced}
          instances={instances}
          limit={limit}
          waiting="NGINX will distribute ten requests over all instances."
        />
        <ComparisonSide
          title={`Directly to ${single}`}
          via="direct"
          state={alone}
          instances={instances}
          limit={limit}
          waiting={`All ten requests will go to ${single}.`}
        />
      </div>
      {phase === 'finished' && balanced.snapshot && alone.snapshot && (
        <Verdict balanced={balanced.snapshot} alone={alone.snapshot} instances={instances} limit={limit} />
      )}
    </section>
  );
}

interface VerdictProps {
  balanced: LoadSnapshot;
  alone: LoadSnapshot;
  instances: readonly string[];
  limit: UserLimit;
}

function Verdict({ balanced, alone, instances, limit }: VerdictProps) {
  const sides = [sideOf(balanced, instances), sideOf(alone, instances)] as const;
  const { tone, text } = comparisonVerdict(...sides, COMPARED_REQUESTS, limit);
  return (
    <p
      role="status"
      className={`rounded-b-[5px] border-t px-4 py-4 text-heading sm:px-6 ${tone === 'good' ? 'border-good bg-good-ground' : 'border-warn bg-warn-ground'}`}
    >
      <span className="mr-1">
        <StateDot tone={tone} word="" />
      </span>
      {text}
    </p>
  );
}

interface SideProps {
  title: string;
  /** What is between the requests and the instances. */
  via: string;
  state: RunState;
  instances: readonly string[];
  limit: UserLimit;
  waiting: string;
}

/** One side: the requests as tiles, the path, and the slots of each instance. */
export function ComparisonSide({ title, via, state, instances, limit, waiting }: SideProps) {
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
          {limit.slots} slots per user {limit.scope === 'cluster' ? 'in all' : 'and instance'}
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
