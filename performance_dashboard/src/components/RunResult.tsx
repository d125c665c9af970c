import { useNow } from '../hooks/useNow.ts';
import { pausedStore } from '../stores/pausedStore.ts';
import { isBusy, type RunState } from '../stores/runStore.ts';
import { useStore } from '../stores/store.ts';
import { instanceOrder } from '../view/runView.ts';
import type { Limits } from '../view/verdict.ts';
import { Freshness } from './Freshness.tsx';
import { InstanceShares } from './InstanceShares.tsx';
import { Lanes } from './Lanes.tsx';
import { LatencyTable } from './LatencyTable.tsx';
import { LimitTable } from './LimitTable.tsx';
import { RunActions } from './RunActions.tsx';
import { RunChart } from './RunChart.tsx';
import { RunFigures } from './RunFigures.tsx';
import { RunHeadline } from './RunHeadline.tsx';
import { RunRates } from './RunRates.tsx';
import { SequenceStrip } from './SequenceStrip.tsx';

/** News of a run come five times a second; without any for this long they are old. */
const STALE_MS = 2_000;

interface Props {
  state: RunState;
  limits: Limits | null;
  known: readonly string[];
  theme: 'light' | 'dark';
}

/** Everything that a run shows, while it goes on and after it. */
export function RunResult({ state, limits, known, theme }: Props) {
  const { snapshot, phase, id, plan } = state;
  const busy = isBusy(phase);
  const paused = useStore(pausedStore);
  const now = useNow(busy);
  if (!snapshot) return <RunHeadline state={state} limits={limits} />;
  // Where nothing answered there is nothing to draw.
  const answered = busy || snapshot.via !== null;
  const instances = instanceOrder(known, snapshot);
  const stale = now - state.heardAt > STALE_MS;
  const fresh = paused
    ? 'paused'
    : !busy
      ? (phase as 'finished' | 'stopped' | 'failed')
      : state.link === 'disconnected'
        ? 'disconnected'
        : stale
          ? 'stale'
          : 'live';
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <RunHeadline state={state} limits={limits} />
      <div className="panel overflow-hidden">
        <RunFigures snapshot={snapshot} />
        {answered && <RunRates snapshot={snapshot} />}
      </div>
      {answered && (
        <>
          {snapshot.limit && <LimitTable limit={snapshot.limit} />}
          <Lanes
            view={state}
            instances={instances}
            theme={theme}
            ended={!busy}
            aside={<Freshness state={fresh} heardAt={state.heardAt} />}
          />
          <SequenceStrip strip={state.strip} />
          <InstanceShares snapshot={snapshot} known={known} />
          <div className="grid gap-4 xl:grid-cols-2">
            <LatencyTable report={snapshot} open={plan?.mode.kind === 'open'} />
            <RunChart series={snapshot.series} theme={theme} />
          </div>
        </>
      )}
      {!busy && (
        <div className="flex flex-wrap items-center gap-2">
          <span className="text-label text-muted">Take it along:</span>
          <RunActions id={id} snapshot={snapshot} />
        </div>
      )}
    </div>
  );
}
