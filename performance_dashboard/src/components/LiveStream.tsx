import { useState } from 'react';
import { useShortcuts } from '../hooks/browser.ts';
import { useModels } from '../hooks/useModels.ts';
import { type LiveStreamState, liveStreamStore } from '../stores/liveStreamStore.ts';
import { useLive } from '../stores/store.ts';
import { formatCount, formatMs } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { Confirm } from './Confirm.tsx';
import { Command } from './Copy.tsx';
import { Field } from './Field.tsx';
import { InstanceMark, StateDot, type StateWord } from './Marks.tsx';
import { ModelFields } from './ModelFields.tsx';
import { PanelState, type ScreenProps } from './Panel.tsx';

/** One answer, token by token, with the instance that sends each token. */
export function LiveStream({ config, cluster }: ScreenProps) {
  const state = useLive(liveStreamStore);
  const [query, setQuery] = useState('Explain how a weir keeps a river level.');
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
            Log in to kill the instance that sends the answer: <Command text="./weir dashboard" />
          </p>
        )}
        {config.canDrill && (
          <Confirm
            trigger={busy && state.instance ? `Kill ${state.instance}` : 'Kill the instance'}
            disabled={!busy || !state.instance || state.phase === 'interrupted'}
            title={`Kill ${state.instance}?`}
            confirm={`Kill ${state.instance}`}
            onConfirm={() => void liveStreamStore.kill()}
          >
            <p>
              The process ends immediately, as in a crash. This answer continues on another instance. Streams of other
              users on this instance break off unless they are resumable. The supervisor restarts the process.
            </p>
          </Confirm>
        )}
        <p className="text-label text-muted">
          The answer is resumable: if you reload this page, it continues. Only Cancel ends it.
        </p>
      </form>
      <StreamText state={state} reachable={cluster.link !== 'disconnected'} />
    </div>
  );
}

const PHASES: Record<LiveStreamState['phase'], StateWord> = {
  idle: { tone: 'idle', word: 'Idle' },
  opening: { tone: 'idle', word: 'Waiting for the first token' },
  streaming: { tone: 'good', word: 'Streaming' },
  interrupted: { tone: 'warn', word: 'Connection lost; resuming' },
  complete: { tone: 'good', word: 'Complete' },
  cancelled: { tone: 'warn', word: 'Cancelled' },
  failed: { tone: 'bad', word: 'Failed' },
};

interface StreamTextProps {
  state: LiveStreamState;
  /** Whether the API answers. */
  reachable: boolean;
}

/** No token has arrived yet. */
const UNOPENED = { tone: 'warn', word: 'No answer yet; retrying' } as const;
/** Then no other instance can resume the stream either. */
const UNREACHABLE = { tone: 'bad', word: 'The API does not answer; retrying' } as const;

/** The answer. Each part is underlined in the colour of the instance that sent it. */
export function StreamText({ state, reachable }: StreamTextProps) {
  const { phase, instance, interruption, pieces, tokens, epoch, ttftMs, gapsMs, attached, checksum, error } = state;
  if (phase === 'idle') {
    return (
      <PanelState title="Live answer">
        <p>
          Ask something. The tokens appear here, with the instance that sends them, the time to first token and the
          epoch (the number of instances that have owned the stream).
        </p>
      </PanelState>
    );
  }
  return (
    <section aria-label="Answer" className="panel flex min-w-0 flex-col">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line px-4 py-3">
        <span className="font-medium" role="status">
          <StateDot {...stateOf(state, reachable)} />
          {attached && <span className="font-normal text-muted"> · resumed after a reload</span>}
        </span>
        {instance && <InstanceMark id={instance} />}
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 border-b border-line px-4 py-2">
        <Fact label="Tokens" value={formatCount(tokens)} />
        <Fact label="First token" value={ttftMs === null || attached ? '–' : `${formatMs(ttftMs)} ms`} />
        <Fact label="Epoch" value={epoch ? `${epoch}` : '–'} />
        <Fact
          label="Gaps"
          value={gapsMs.length === 0 ? 'none' : gapsMs.map((gap) => `${formatMs(gap)} ms`).join(', ')}
        />
        <Fact label="Checksum" value={checksum === null ? '–' : checksum ? '✓ correct' : '× missing'} />
      </dl>
      {phase === 'interrupted' && interruption && (
        <p className="border-b border-warn bg-warn-ground px-4 py-3">{interruption}</p>
      )}
      {error && <p className="border-b border-bad bg-bad-ground px-4 py-3">{error}</p>}
      <p className="stream-text min-h-64 px-4 py-4">
        {pieces.map(({ instance: by, text }, index) => {
          const { letter, colour } = instanceMark(by);
          return (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a piece is its place in the text
              key={index}
              style={{ textDecorationColor: colour }}
              className="underline decoration-2 underline-offset-4"
            >
              <b className="stream-mark" style={{ background: colour }} title={by}>
                {letter}
              </b>
              {text}
            </span>
          );
        })}
        {(phase === 'streaming' || phase === 'opening') && <span className="caret" aria-hidden="true" />}
      </p>
    </section>
  );
}

function stateOf({ phase, pieces }: LiveStreamState, reachable: boolean): StateWord {
  if (phase !== 'interrupted') return PHASES[phase];
  if (!reachable) return UNREACHABLE;
  return pieces.length === 0 ? UNOPENED : PHASES.interrupted;
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div className="flex gap-2">
      <dt className="text-muted">{label}</dt>
      <dd className="font-medium">{value}</dd>
    </div>
  );
}
