import type { InstanceView } from '../api.ts';
import type { KnownInstance } from '../stores/instanceHistory.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { InstanceMark, instanceColour } from './InstanceMark.tsx';
import { Panel } from './Panel.tsx';
import { Scroll } from './Scroll.tsx';
import { StateDot, type Tone } from './StateDot.tsx';

const POOL_TONES: Record<InstanceView['pool']['state'], Tone> = {
  healthy: 'good',
  degraded: 'warn',
  critical: 'warn',
  exhausted: 'bad',
};

interface Props {
  instances: readonly KnownInstance[];
  /** Dims what may no longer be true. */
  old: boolean;
  /** Nobody answers: what was heard last is no state of now. */
  unheard: boolean;
  aside: React.ReactNode;
}

/** One row per instance. */
export function InstanceTable({ instances, old, unheard, aside }: Props) {
  const active = instances.reduce((sum, { gone, view }) => sum + (gone ? 0 : view.active_streams), 0);
  const longest = Math.max(3, ...instances.map(({ view }) => view.active_streams));
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
              <th scope="col">Since start</th>
              <th scope="col" className="text-left!">
                Pool
              </th>
              <th scope="col">Slots in use</th>
              <th scope="col">Per user</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {instances.map(({ id, gone, view }, index) => (
              <tr key={id}>
                <th scope="row">
                  <InstanceMark id={id} index={index} />
                </th>
                <td className="text-left!">
                  {unheard ? (
                    <StateDot tone="idle" word={`${gone ? 'gone' : view.state}, last heard`} />
                  ) : gone ? (
                    <StateDot tone="bad" word="gone" />
                  ) : (
                    <StateDot tone={view.state === 'ready' ? 'good' : 'warn'} word={view.state} />
                  )}
                </td>
                <td className="hidden md:table-cell" aria-hidden="true">
                  <div className="h-4 w-full overflow-hidden rounded-sm bg-sunken">
                    <div
                      className="h-full"
                      style={{
                        background: instanceColour(index),
                        width: `${((gone ? 0 : view.active_streams) / longest) * 100}%`,
                      }}
                    />
                  </div>
                </td>
                <td className="font-semibold">{gone ? '–' : formatCount(view.active_streams)}</td>
                <td>{gone ? '–' : formatShare(view.active_streams, active)}</td>
                <td>{gone ? '–' : formatCount(view.users)}</td>
                <td>{formatCount(view.streams_total)}</td>
                <td className="text-left!">
                  {gone ? (
                    '–'
                  ) : (
                    <StateDot tone={unheard ? 'idle' : POOL_TONES[view.pool.state]} word={view.pool.state} />
                  )}
                </td>
                <td>
                  {formatCount(view.pool.total_connections)} / {formatCount(view.pool.max_connections)}
                </td>
                <td>{formatCount(view.pool.max_connections_per_user)}</td>
                <td className="text-muted">{view.version}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
