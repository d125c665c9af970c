import { type ClusterState, clusterStore } from '../stores/clusterStore.ts';
import { drillStore } from '../stores/drillStore.ts';
import { liveStreamStore } from '../stores/liveStreamStore.ts';
import { balancedStore, isBusy, type RunState, runStore, singleStore } from '../stores/runStore.ts';
import { useLive } from '../stores/store.ts';

export interface Path {
  cluster: ClusterState;
  /** Responses lack the header that NGINX adds. */
  bypassed: boolean;
  /** Only some responses lack it. */
  mixed: boolean;
  unreachable: boolean;
  /** Streams that this page has open. */
  pageStreams: number;
  /** Whether any streams are open, including those of other clients. */
  running: boolean;
}

/** State of the path of a request, from all that the page receives. */
export function usePath(): Path {
  const cluster = useLive(clusterStore);
  const run = useLive(runStore);
  const balanced = useLive(balancedStore);
  const single = useLive(singleStore);
  const drill = useLive(drillStore);
  const live = useLive(liveStreamStore);
  // A run may take another path than the cluster's events.
  const via = run.snapshot?.via;
  const ranDirect = run.plan?.target?.kind !== 'instance' && (via === 'direct' || via === 'mixed');
  const gotNothing = run.phase === 'finished' && run.snapshot?.outcomes.connect === run.snapshot?.requests;
  const drilled = drill.phase === 'running' ? drill.streams.filter(({ state }) => state === 'streaming').length : 0;
  const reading = live.phase === 'streaming' || live.phase === 'opening' ? 1 : 0;

  const announced = cluster.link === 'live' ? (cluster.view?.totals.active_streams ?? 0) : 0;
  const ownRun = run.engine === 'browser' ? active(run) : 0;
  return {
    cluster,
    bypassed: ranDirect || (cluster.via === null && cluster.link !== 'disconnected'),
    mixed: via === 'mixed',
    unreachable: cluster.link === 'disconnected' || (gotNothing && cluster.link !== 'live'),
    pageStreams: ownRun + drilled + reading,
    running: active(run) + active(balanced) + active(single) + drilled + reading + announced > 0,
  };
}

function active({ phase, snapshot }: RunState): number {
  return isBusy(phase) ? (snapshot?.active ?? 0) : 0;
}
