import { readyInstances } from '../stores/instanceHistory.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { ActiveChart } from './ActiveChart.tsx';
import { Freshness } from './Freshness.tsx';
import { InstanceTable } from './InstanceTable.tsx';
import { PanelState } from './PanelState.tsx';
import { ProviderCircuits } from './ProviderCircuits.tsx';
import type { ScreenProps } from './ScreenProps.ts';

/** The cluster as it is now. */
export function Overview({ config, cluster, theme, paused }: ScreenProps & { paused: boolean }) {
  const { view, history, link, viewAt } = cluster;
  if (!view) {
    return link === 'disconnected' ? (
      <PanelState tone="bad" title="No news of the cluster">
        <p>The instances and their streams appear here as soon as the API answers. The page asks again by itself.</p>
      </PanelState>
    ) : (
      <PanelState tone="idle" title="Waiting for the first news of the cluster…" />
    );
  }
  const { active_streams, max_connections } = view.totals;
  // While nothing is heard, nothing here is known to hold any more.
  const old = link === 'disconnected';
  const live = history.instances.flatMap((instance) => (instance.gone || !instance.view ? [] : [instance.view]));
  const ready = readyInstances(history).length;
  const figures = [
    { label: 'Active streams', value: formatCount(active_streams), unit: old ? 'when last heard' : 'now' },
    {
      label: 'Slots in use',
      value: formatShare(active_streams, max_connections),
      unit: `of ${formatCount(max_connections)}`,
    },
    {
      label: 'Instances ready',
      value: old ? 'unknown' : formatCount(ready),
      unit: `of ${history.instances.length}`,
    },
    {
      label: 'Streams',
      value: formatCount(live.reduce((sum, { streams_total }) => sum + streams_total, 0)),
      unit: 'since the instances started',
    },
    { label: 'Redis', value: old ? 'unknown' : view.redis, unit: 'who is alive, and health' },
    { label: 'Answered by', value: view.instance, unit: 'its view of all' },
  ];
  return (
    <div className="flex flex-col gap-4">
      <dl className={`panel flex ${old ? 'old' : ''} flex-wrap gap-px overflow-hidden bg-line!`}>
        {figures.map(({ label, value, unit }) => (
          <div key={label} className="flex grow basis-32 flex-col bg-surface px-4 py-3">
            <dt className="text-label text-muted">{label}</dt>
            <dd className="order-first text-figure font-semibold">{value}</dd>
            <dd className="text-label text-muted">{unit}</dd>
          </div>
        ))}
      </dl>
      <InstanceTable
        instances={history.instances}
        old={link !== 'live'}
        unheard={old}
        aside={<Freshness state={paused ? 'paused' : link} heardAt={viewAt} />}
      />
      <ProviderCircuits instances={live} apiBaseUrl={config.apiBaseUrl} reachable={link === 'live'} />
      <ActiveChart history={history} theme={theme} />
    </div>
  );
}
