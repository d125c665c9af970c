import type { InstanceView } from '../api.ts';
import type { KnownInstance } from '../stores/instanceHistory.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { InstanceMark } from './InstanceMark.tsx';
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
            {instances.map((instance) => (
              <Row key={instance.id} instance={instance} unheard={unheard} active={active} longest={longest} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

interface RowProps {
  instance: KnownInstance;
  unheard: boolean;
  /** Streams of all instances, and of the one with most. */
  active: number;
  longest: number;
}

function Row({ instance, unheard, active, longest }: RowProps) {
  const { id, gone, view } = instance;
  const streams = activeOf(instance);
  const now = (figure: string | undefined) => (gone ? '–' : figure);
  return (
    <tr>
      <th scope="row">
        <InstanceMark id={id} />
      </th>
      <td className="text-left!">
        <StateDot {...stateOf(instance, unheard)} />
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
          <StateDot tone={unheard ? 'idle' : POOL_TONES[view.pool.state]} word={view.pool.state} />
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

/** Streams that it has open now, as far as that is known. */
function activeOf({ gone, view }: KnownInstance): number {
  return gone ? 0 : (view?.active_streams ?? 0);
}

function stateOf({ gone, expected, view }: KnownInstance, unheard: boolean): { tone: Tone; word: string } {
  const word = gone || !view ? (expected ? 'does not answer' : 'gone') : view.state;
  if (unheard) return { tone: 'idle', word: `${word}, last heard` };
  return { tone: gone ? 'bad' : word === 'ready' ? 'good' : 'warn', word };
}
