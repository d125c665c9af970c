import { useState } from 'react';
import { useShortcuts } from '../hooks/browser.ts';
import { DRILL_TOKENS, type DrillState, drillStore } from '../stores/drillStore.ts';
import { readyInstances } from '../stores/instanceHistory.ts';
import { useLive } from '../stores/store.ts';
import { type DrillStream, drillVerdict, tokensOf } from '../view/experimentVerdicts.ts';
import { formatCount } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { Confirm } from './Confirm.tsx';
import { Freshness, InstanceMark, StateDot, type StateWord } from './Marks.tsx';
import { LoginRequired, PanelState, type ScreenProps, Scroll } from './Panel.tsx';

const TONES = {
  good: { frame: 'border-good bg-good-ground', ink: 'text-good' },
  warn: { frame: 'border-warn bg-warn-ground', ink: 'text-warn' },
  bad: { frame: 'border-bad bg-bad-ground', ink: 'text-bad' },
} as const;

/** Kills an instance while streams run, and counts the lost tokens. */
export function FailoverDrill({ config, cluster }: ScreenProps) {
  const state = useLive(drillStore);
  const ready = readyInstances(cluster.history);
  const [chosen, setChosen] = useState('');
  const victim = ready.find((id) => id === chosen) ?? ready[1] ?? '';
  const running = state.phase === 'running';
  useShortcuts([['Escape', () => drillStore.stop()]]);

  if (config.login) {
    return (
      <LoginRequired title="Log in to run the drill">
        <p>The drill kills an instance while six resumable streams run, and counts the lost tokens.</p>
      </LoginRequired>
    );
  }
  if (!config.canDrill) {
    return (
      <PanelState tone="idle" title="The drill needs the native stack and the console’s own address">
        <p>
          It kills an instance while six resumable streams run. Only the console of a native stack can do that: start
          the stack with ./weir start --all, then open {config.consoleUrl}.
        </p>
      </PanelState>
    );
  }
  const result = state.phase === 'finished' ? drillVerdict(state.streams, DRILL_TOKENS, state.killed) : null;
  return (
    <section aria-label="Failover drill" className="panel">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 border-b border-line px-4 py-4 sm:px-6">
        <div className="max-w-[80ch]">
          <h2 className="text-heading font-semibold">Failover drill</h2>
          <p className="text-muted">
            Starts six resumable streams of {DRILL_TOKENS} tokens, then kills one instance. The streams continue on the
            other instances. This page counts every token.
          </p>
        </div>
        <div className="flex items-center gap-4">
          {state.phase !== 'idle' && <Freshness state={running ? 'live' : (state.phase as 'finished')} />}
          {running ? (
            <button type="button" className="button-stop" onClick={() => drillStore.stop()}>
              Stop
            </button>
          ) : (
            <Confirm
              trigger={state.phase === 'idle' ? 'Start the drill' : 'Start again'}
              triggerClass="button-run"
              disabled={ready.length < 2}
              title="Kill an instance?"
              confirm={`Kill ${victim}`}
              onConfirm={() => void drillStore.start(config.apiBaseUrl, victim)}
            >
              <p>
                The process ends immediately, as in a crash (SIGKILL). The supervisor restarts it within seconds.
                Streams of other users on this instance break off unless they are resumable.
              </p>
              <fieldset className="flex flex-wrap gap-x-4 gap-y-2 text-ink">
                <legend className="mb-2 text-label font-medium">Instance</legend>
                {ready.map((id) => (
                  <label key={id} className="flex items-center gap-2">
                    <input
                      type="radio"
                      name="victim"
                      className="size-4 accent-accent"
                      checked={id === victim}
                      onChange={() => setChosen(id)}
                    />
                    <InstanceMark id={id} />
                  </label>
                ))}
              </fieldset>
            </Confirm>
          )}
        </div>
      </div>
      {result && (
        <div role="status" className={`m-4 rounded-md border px-4 py-3 sm:mx-6 ${TONES[result.tone].frame}`}>
          <p className={`text-display font-semibold ${TONES[result.tone].ink}`}>{result.title}</p>
          <p className="mt-1 max-w-[75ch]">{result.text}</p>
        </div>
      )}
      {state.error && (
        <p role="alert" className="m-4 rounded-md border border-bad bg-bad-ground px-4 py-3 sm:mx-6">
          <b className="font-semibold text-bad">The drill did not run.</b> {state.error}
        </p>
      )}
      <div className="px-4 py-4 sm:px-6">
        {state.phase === 'idle' ? (
          <p className="text-muted">
            Each stream gets a row here: a bar coloured by instance, the epoch, the gap and the checksum.{' '}
            {ready.length < 2 && 'The drill needs two ready instances. Start another one first.'}
          </p>
        ) : (
          <DrillRows state={state} />
        )}
      </div>
    </section>
  );
}

const STATES: Record<DrillStream['state'], StateWord> = {
  opening: { tone: 'idle', word: 'opening' },
  streaming: { tone: 'good', word: 'streaming' },
  interrupted: { tone: 'warn', word: 'resuming' },
  whole: { tone: 'good', word: 'complete' },
  broken: { tone: 'bad', word: 'failed' },
};

function stateOf(stream: DrillStream): StateWord {
  const isUnopened = stream.state === 'interrupted' && tokensOf(stream) === 0;
  return isUnopened ? { tone: 'warn', word: 'retrying' } : STATES[stream.state];
}

/** A bar for each stream, coloured by the instance that sent its tokens. A line marks the kill. */
export function DrillRows({ state }: { state: DrillState }) {
  return (
    <Scroll label="Streams of the drill">
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Stream</th>
            <th scope="col" className="w-2/5 min-w-40 text-left!">
              Tokens by instance
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
                  <StateDot tone={stream.checksum ? 'good' : 'bad'} word={stream.checksum ? 'correct' : 'missing'} />
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
