import type { DrillState } from '../stores/drillStore.ts';
import { DRILL_TOKENS } from '../stores/drillStore.ts';
import { type DrillStream, tokensOf } from '../view/drillVerdict.ts';
import { formatCount } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { Scroll } from './Scroll.tsx';
import { StateDot, type Tone } from './StateDot.tsx';

const STATES: Record<DrillStream['state'], { tone: Tone; word: string }> = {
  opening: { tone: 'idle', word: 'opening' },
  streaming: { tone: 'good', word: 'streaming' },
  interrupted: { tone: 'warn', word: 'moving' },
  whole: { tone: 'good', word: 'whole' },
  broken: { tone: 'bad', word: 'broken' },
};

function stateOf(stream: DrillStream): { tone: Tone; word: string } {
  const isUnopened = stream.state === 'interrupted' && tokensOf(stream) === 0;
  return isUnopened ? { tone: 'warn', word: 'trying again' } : STATES[stream.state];
}

/** A bar for each stream, coloured by who sent its tokens; the seam is where its instance died. */
export function DrillRows({ state }: { state: DrillState }) {
  return (
    <Scroll label="Streams of the drill">
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Stream</th>
            <th scope="col" className="w-2/5 min-w-40 text-left!">
              Tokens, by who sent them
            </th>
            <th scope="col">Tokens</th>
            <th scope="col">Epoch</th>
            <th scope="col">Gap, ms</th>
            <th scope="col" className="text-left!">
              Checksum
            </th>
            <th scope="col" className="text-left!">
              State
            </th>
          </tr>
        </thead>
        <tbody>
          {state.streams.map((stream) => (
            <tr key={stream.index}>
              <th scope="row">{stream.index + 1}</th>
              <td>
                <Bar stream={stream} killedAt={state.killedAt[stream.index]} />
                <span className="sr-only">
                  {stream.parts.map(({ instance, tokens }) => `${tokens} from ${instance}`).join(', ')}
                </span>
              </td>
              <td className="font-semibold">{formatCount(tokensOf(stream))}</td>
              <td className={stream.epoch > 1 ? 'font-semibold text-accent' : ''}>{stream.epoch || '–'}</td>
              <td>{stream.gapsMs.length > 0 ? formatCount(Math.max(...stream.gapsMs)) : '–'}</td>
              <td className="text-left!">
                {stream.checksum === null ? (
                  <span className="text-muted">–</span>
                ) : (
                  <StateDot tone={stream.checksum ? 'good' : 'bad'} word={stream.checksum ? 'right' : 'none'} />
                )}
              </td>
              <td className="text-left!" title={stream.reason ?? undefined}>
                <StateDot {...stateOf(stream)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface BarProps {
  stream: DrillStream;
  killedAt: number | undefined;
}

function Bar({ stream, killedAt }: BarProps) {
  return (
    <div aria-hidden="true" className="relative flex h-5 gap-px overflow-hidden rounded-sm bg-sunken">
      {stream.parts.map(({ instance, tokens }, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the answer
          key={index}
          className="flex h-full items-center justify-center overflow-hidden text-label font-semibold text-surface"
          style={{
            width: `${(tokens / DRILL_TOKENS) * 100}%`,
            background: instanceMark(instance).colour,
          }}
        >
          {instanceMark(instance).letter}
        </span>
      ))}
      {killedAt !== undefined && (
        <span className="absolute inset-y-0 w-0.5 bg-ink" style={{ left: `${(killedAt / DRILL_TOKENS) * 100}%` }} />
      )}
    </div>
  );
}
