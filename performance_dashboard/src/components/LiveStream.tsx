import { useState } from 'react';
import { useModels } from '../hooks/useModels.ts';
import { useShortcuts } from '../hooks/useShortcuts.ts';
import { liveStreamStore } from '../stores/liveStreamStore.ts';
import { useLive } from '../stores/pausedStore.ts';
import { Command } from './Command.tsx';
import { Confirm } from './Confirm.tsx';
import { Field } from './Field.tsx';
import { ModelFields } from './ModelFields.tsx';
import type { ScreenProps } from './ScreenProps.ts';
import { StreamText } from './StreamText.tsx';

/** One answer, token by token, with the instance that sends it. */
export function LiveStream({ config, cluster }: ScreenProps) {
  const state = useLive(liveStreamStore);
  const [query, setQuery] = useState('Tell me how a weir keeps a river level.');
  const [choice, setChoice] = useState({ provider: '', route: '', model: '' });
  const chosen = useModels(config.apiBaseUrl, cluster.link === 'live' || cluster.link === 'stale', choice);
  const busy = state.phase === 'opening' || state.phase === 'streaming' || state.phase === 'interrupted';
  const ask = () => {
    if (busy || query.trim() === '' || chosen.model === '') return;
    void liveStreamStore.open(config.apiBaseUrl, { query, model: chosen.model, provider: chosen.provider?.name });
  };
  useShortcuts([
    ['r', ask],
    ['Escape', () => liveStreamStore.cancel()],
  ]);
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[20rem_minmax(0,1fr)]">
      <form
        aria-label="Live stream"
        className="panel flex flex-col gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <Field id="prompt" label="Prompt">
          <textarea
            id="prompt"
            rows={4}
            className="control block resize-y"
            value={query}
            maxLength={4_000}
            disabled={busy}
            onChange={(event) => setQuery(event.target.value)}
          />
        </Field>
        <ModelFields
          chosen={chosen}
          typed={choice.model}
          disabled={busy}
          onChange={(change) => setChoice({ ...choice, ...change })}
        />
        {busy ? (
          <button type="button" className="button-stop" onClick={() => liveStreamStore.cancel()}>
            Cancel
          </button>
        ) : (
          <button type="submit" className="button-run" disabled={query.trim() === ''}>
            Ask
          </button>
        )}
        {config.login && (
          <p className="text-label text-muted">
            Log in to kill the instance that sends it: <Command text="./weir dashboard" />
          </p>
        )}
        {config.canDrill && (
          <Confirm
            trigger={busy && state.instance ? `Kill ${state.instance}, which sends it` : 'Kill its instance'}
            disabled={!busy || !state.instance || state.phase === 'interrupted'}
            title={`Kill ${state.instance}?`}
            confirm={`Kill ${state.instance}`}
            onConfirm={() => void liveStreamStore.kill()}
          >
            <p>
              The process ends at once, as in a crash. This answer goes on at another instance; streams of other people
              that are not resumable are cut. The supervisor starts it again.
            </p>
          </Confirm>
        )}
        <p className="text-label text-muted">
          The answer is resumable: reload this page while it runs, and it goes on where it was. Only Cancel ends it.
        </p>
      </form>
      <StreamText state={state} reachable={cluster.link !== 'disconnected'} />
    </div>
  );
}
