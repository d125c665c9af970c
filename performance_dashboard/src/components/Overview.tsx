import type { InstanceView } from '../api.ts';
import { useModelsView } from '../hooks/useModels.ts';
import { type KnownInstance, readyInstances } from '../stores/instanceHistory.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { providerCircuits } from '../view/providerCircuits.ts';
import { ActiveChart } from './Charts.tsx';
import { Freshness, InstanceMark, StateDot, type StateWord, type Tone } from './Marks.tsx';
import { Figures, Panel, PanelState, type ScreenProps, Scroll } from './Panel.tsx';

/** The current state of the cluster. */
export function Overview({ config, cluster, theme, paused }: ScreenProps & { paused: boolean }) {
  const { view, history, link, viewAt } = cluster;
  if (!view) {
    return link === 'disconnected' ? (
      <PanelState tone="bad" title="No data from the cluster">
        <p>Instances and streams appear here when the API answers. The page retries automatically.</p>
      </PanelState>
    ) : (
      <PanelState tone="idle" title="Waiting for the first update…" />
    );
  }
  const { active_streams, max_connections } = view.totals;

  const old = link === 'disconnected';
  const live = history.instances.flatMap((instance) => (instance.gone || !instance.view ? [] : [instance.view]));
  const ready = readyInstances(history).length;
  const figures = [
    { label: 'Active streams', value: formatCount(active_streams), unit: old ? 'last known' : 'now' },
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
    { label: 'Redis', value: old ? 'unknown' : view.redis, unit: 'shared state' },
    { label: 'Reported by', value: view.instance, unit: 'source of this view' },
  ];
  return (
    <div className="flex flex-col gap-4">
      <Figures figures={figures} old={old} />
      <InstanceTable
        instances={history.instances}
        old={link !== 'live'}
        disconnected={old}
        aside={<Freshness state={paused ? 'paused' : link} updatedAt={viewAt} />}
      />
      <ProviderCircuits instances={live} apiBaseUrl={config.apiBaseUrl} reachable={link === 'live'} />
      <ActiveChart history={history} theme={theme} />
    </div>
  );
}

const POOL_TONES: Record<InstanceView['pool']['state'], Tone> = {
  healthy: 'good',
  degraded: 'warn',
  critical: 'warn',
  exhausted: 'bad',
};

interface InstanceTableProps {
  instances: readonly KnownInstance[];
  /** Whether the data may be out of date. */
  old: boolean;
  /** Whether the API does not answer: the states are the last known ones. */
  disconnected: boolean;
  aside: React.ReactNode;
}

/** One row per instance. */
export function InstanceTable({ instances, old, disconnected, aside }: InstanceTableProps) {
  const active = instances.reduce((sum, each) => sum + activeOf(each), 0);
  const longest = Math.max(3, ...instances.map(activeOf));
  return (
    <Panel title="Instances" aside={aside} className={old ? 'old' : ''}>
      <Scroll label="Instances, table">
        <table className="data-table">
          <thead>
            <tr>
              <th scope="col">Instance</th>
              <th scope="col" className="text-left!">
                State
              </th>
              <td className="hidden w-1/4 md:table-cell" />
              <th scope="col">Active streams</th>
              <th scope="col">Share</th>
              <th scope="col">Users</th>
              <th scope="col">Streams since start</th>
              <th scope="col" className="text-left!">
                Pool
              </th>
              <th scope="col">Slots in use</th>
              <th scope="col">Per user</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {instances.map((instance) => (
              <Row
                key={instance.id}
                instance={instance}
                disconnected={disconnected}
                active={active}
                longest={longest}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

interface RowProps {
  instance: KnownInstance;
  disconnected: boolean;
  /** Streams of all instances, and of the busiest one. */
  active: number;
  longest: number;
}

function Row({ instance, disconnected, active, longest }: RowProps) {
  const { id, gone, view } = instance;
  const streams = activeOf(instance);
  const now = (figure: string | undefined) => (gone ? '–' : figure);
  return (
    <tr>
      <th scope="row">
        <InstanceMark id={id} />
      </th>
      <td className="text-left!">
        <StateDot {...stateOf(instance, disconnected)} />
      </td>
      <td className="hidden md:table-cell" aria-hidden="true">
        <div className="h-4 w-full overflow-hidden rounded-sm bg-sunken">
          <div
            className="h-full"
            style={{
              background: instanceMark(id).colour,
              width: `${(streams / longest) * 100}%`,
            }}
          />
        </div>
      </td>
      <td className="font-semibold">{now(formatCount(streams))}</td>
      <td>{now(formatShare(streams, active))}</td>
      <td>{now(view ? formatCount(view.users) : '')}</td>
      <td>{view ? formatCount(view.streams_total) : '–'}</td>
      <td className="text-left!">
        {gone || !view ? (
          '–'
        ) : (
          <StateDot tone={disconnected ? 'idle' : POOL_TONES[view.pool.state]} word={view.pool.state} />
        )}
      </td>
      <td>
        {now(view ? `${formatCount(view.pool.total_connections)} / ${formatCount(view.pool.max_connections)}` : '')}
      </td>
      <td>{view ? formatCount(view.pool.max_connections_per_user) : '–'}</td>
      <td className="text-muted">{view?.version ?? '–'}</td>
    </tr>
  );
}

/** Its open streams; 0 if unknown. */
function activeOf({ gone, view }: KnownInstance): number {
  return gone ? 0 : (view?.active_streams ?? 0);
}

function stateOf({ gone, expected, view }: KnownInstance, disconnected: boolean): StateWord {
  const word = gone || !view ? (expected ? 'does not answer' : 'gone') : view.state;
  if (disconnected) return { tone: 'idle', word: `last known: ${word}` };
  return { tone: gone ? 'bad' : word === 'ready' ? 'good' : 'warn', word };
}

interface CircuitsProps {
  instances: readonly InstanceView[];
  apiBaseUrl: string;
  /** Whether the cluster answers. */
  reachable: boolean;
}

/** The circuit breaker of each provider. */
export function ProviderCircuits({ instances, apiBaseUrl, reachable }: CircuitsProps) {
  const circuits = providerCircuits(instances, useModelsView(apiBaseUrl, reachable).data?.providers);
  if (circuits.length === 0) return null;
  const troubled = circuits.some(({ tone }) => tone === 'warn' || tone === 'bad');
  return (
    <Panel title="Providers" unit="circuit breakers">
      <ul className="flex flex-wrap gap-x-6 gap-y-1">
        {circuits.map(({ provider, tone, words }) => (
          <li key={provider} className="inline-flex flex-wrap items-center gap-x-2">
            <span className="font-medium">{provider}</span>
            <StateDot tone={tone} word={words} />
          </li>
        ))}
      </ul>
      {troubled && (
        <p className="mt-2 text-label text-muted">
          When a provider keeps failing, its circuit opens: requests go to the next target of their route, or are
          refused if there is none. After a pause, one request tests the provider. If a provider refuses the key of this
          deployment, run ./weir doctor.
        </p>
      )}
    </Panel>
  );
}
