import { useEffect, useState } from 'react';
import type { ClusterState } from '../stores/clusterStore.ts';
import { formatCount } from '../view/format.ts';
import { ActiveChart } from './ActiveChart.tsx';
import { InstanceTable } from './InstanceTable.tsx';
import { StateDot, type Tone } from './StateDot.tsx';

/** The cluster as it is now. */
export function Overview({ cluster, theme }: { cluster: ClusterState; theme: 'light' | 'dark' }) {
  const { view, history } = cluster;
  return (
    <div className="flex flex-col gap-4">
      <section className="panel flex flex-wrap items-baseline gap-x-8 gap-y-2 px-4 py-3">
        <Freshness cluster={cluster} />
        {view && (
          <dl className="contents">
            <Fact label="Active streams" value={formatCount(view.totals.active_streams)} />
            <Fact label="Slots" value={formatCount(view.totals.max_connections)} />
            <Fact label="Redis" value={view.redis} />
            <Fact label="Answered by" value={view.instance} />
          </dl>
        )}
      </section>
      {view ? (
        <>
          <InstanceTable instances={history.instances} old={cluster.link !== 'live'} />
          <ActiveChart history={history} theme={theme} />
        </>
      ) : (
        <section className="panel px-6 py-8 text-muted">
          {cluster.link === 'disconnected'
            ? 'The instances and their streams appear here as soon as the API answers.'
            : 'Waiting for the first news of the cluster…'}
        </section>
      )}
    </div>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div className="flex gap-2">
      <dt className="text-muted">{label}</dt>
      <dd className="font-medium">{value}</dd>
    </div>
  );
}

const LINKS: Record<ClusterState['link'], { tone: Tone; word: string }> = {
  connecting: { tone: 'idle', word: 'Connecting' },
  live: { tone: 'good', word: 'Live' },
  stale: { tone: 'warn', word: 'Stale' },
  paused: { tone: 'idle', word: 'Paused' },
  disconnected: { tone: 'bad', word: 'Disconnected' },
};

function Freshness({ cluster: { link, view, viewAt } }: { cluster: ClusterState }) {
  const now = useNow(link !== 'live');
  const age = Math.max(0, Math.round((now - viewAt) / 1000));
  const { tone, word } = LINKS[link];
  return (
    <span className="font-medium">
      <StateDot tone={tone} word={word} />
      {link !== 'live' && view && <span className="font-normal text-muted"> · last data {age} s ago</span>}
    </span>
  );
}

/** The page's clock, once a second, while `ticking`. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!ticking) return;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
