import type { ClusterState } from '../stores/clusterStore.ts';
import { runStore } from '../stores/runStore.ts';
import { useStore } from '../stores/store.ts';
import { InstanceShares } from './InstanceShares.tsx';
import { LatencyTable } from './LatencyTable.tsx';
import { LoadForm } from './LoadForm.tsx';
import { RunChart } from './RunChart.tsx';
import { RunFigures } from './RunFigures.tsx';
import { RunVerdict } from './RunVerdict.tsx';

interface Props {
  apiBaseUrl: string;
  cluster: ClusterState;
  theme: 'light' | 'dark';
}

/** The guide's load test: as many streams at once as told, and where they went. */
export function LoadTester({ apiBaseUrl, cluster, theme }: Props) {
  const state = useStore(runStore);
  const limits = cluster.view?.instances[0]?.pool;
  // Where nothing answered there is nothing to draw.
  const answered = state.phase !== 'finished' || state.snapshot.via !== null;
  const reachable = cluster.link === 'live' || cluster.link === 'stale';

  return (
    <div className="grid items-start gap-4 lg:grid-cols-[20rem_minmax(0,1fr)]">
      <LoadForm
        apiBaseUrl={apiBaseUrl}
        reachable={reachable}
        phase={state.phase}
        onRun={(plan) => runStore.start(plan)}
        onStop={() => runStore.stop()}
      />
      {state.phase === 'idle' ? (
        <Empty />
      ) : (
        <div className="flex min-w-0 flex-col gap-4">
          <RunVerdict
            state={state}
            limits={limits ? { perUser: limits.max_connections_per_user, scope: limits.scope } : null}
          />
          <RunFigures state={state} />
          {answered && (
            <>
              <div className="grid gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
                <InstanceShares snapshot={state.snapshot} known={cluster.history.instances.map(({ id }) => id)} />
                <LatencyTable report={state.snapshot} />
              </div>
              <RunChart series={state.snapshot.series} theme={theme} />
            </>
          )}
        </div>
      )}
    </div>
  );
}

function Empty() {
  return (
    <section className="panel flex flex-col gap-2 px-6 py-8">
      <h2 className="text-heading font-semibold">Ten streams at once, thirty in all</h2>
      <p className="max-w-[65ch]">
        Run the test to see how NGINX spreads the streams over the instances, how many each one takes, and when the
        limit per user turns one away.
      </p>
      <p className="max-w-[65ch] text-muted">
        With three instances and three streams per user on each, nine of ten run at once and the tenth gets a 429.
      </p>
    </section>
  );
}
