import { useState } from 'react';
import { useShortcuts } from '../hooks/useShortcuts.ts';
import { DRILL_TOKENS, drillStore } from '../stores/drillStore.ts';
import { readyInstances } from '../stores/instanceHistory.ts';
import { useLive } from '../stores/pausedStore.ts';
import { drillVerdict } from '../view/drillVerdict.ts';
import { Confirm } from './Confirm.tsx';
import { DrillRows } from './DrillRows.tsx';
import { Freshness } from './Freshness.tsx';
import { InstanceMark } from './InstanceMark.tsx';
import { LoginWanted } from './LoginWanted.tsx';
import { PanelState } from './PanelState.tsx';
import type { ScreenProps } from './ScreenProps.ts';

const TONES = {
  good: { frame: 'border-good bg-good-ground', ink: 'text-good' },
  warn: { frame: 'border-warn bg-warn-ground', ink: 'text-warn' },
  bad: { frame: 'border-bad bg-bad-ground', ink: 'text-bad' },
} as const;

/** An instance dies in mid-answer, and the page counts what its readers lost. */
export function FailoverDrill({ config, cluster }: ScreenProps) {
  const state = useLive(drillStore);
  const ready = readyInstances(cluster.history);
  const [chosen, setChosen] = useState('');
  const victim = ready.find((id) => id === chosen) ?? ready[1] ?? '';
  const running = state.phase === 'running';
  useShortcuts([['Escape', () => drillStore.stop()]]);

  if (config.login) {
    return (
      <LoginWanted title="Log in to run the drill">
        <p>It kills an instance while six resumable streams are read, and counts what was lost.</p>
      </LoginWanted>
    );
  }
  if (!config.canDrill) {
    return (
      <PanelState tone="idle" title="The drill needs the native stack, and the console’s own address">
        <p>
          It kills an instance while six resumable streams are read, and counts what was lost. Only a console that runs
          beside the stack may do that: start it with ./weir start --all, and open {config.consoleUrl}.
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
            Six resumable streams of {DRILL_TOKENS} tokens. In mid-answer one instance is killed: the streams go on at
            the others, and this page counts every token.
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
              confirm={`Kill ${victim} in mid-answer`}
              onConfirm={() => void drillStore.start(config.apiBaseUrl, victim)}
            >
              <p>
                The process ends at once, as in a crash (SIGKILL). The supervisor starts it again within seconds.
                Streams of other people that are not resumable are cut.
              </p>
              <fieldset className="flex flex-wrap gap-x-4 gap-y-2 text-ink">
                <legend className="mb-2 text-label font-medium">Which one</legend>
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
          <b className="font-semibold text-bad">The drill did not take place.</b> {state.error}
        </p>
      )}
      <div className="px-4 py-4 sm:px-6">
        {state.phase === 'idle' ? (
          <p className="text-muted">
            A bar for each stream appears here, coloured by the instance that sent its tokens, with its epoch, the gap
            and its checksum. {ready.length < 2 && 'It takes two instances that are ready; start another one first.'}
          </p>
        ) : (
          <DrillRows state={state} />
        )}
      </div>
    </section>
  );
}
