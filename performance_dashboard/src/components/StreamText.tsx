import type { LiveStreamState } from '../stores/liveStreamStore.ts';
import { formatCount, formatMs } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { InstanceMark } from './InstanceMark.tsx';
import { PanelState } from './PanelState.tsx';
import { StateDot, type Tone } from './StateDot.tsx';

const PHASES: Record<LiveStreamState['phase'], { tone: Tone; word: string }> = {
  idle: { tone: 'idle', word: 'Idle' },
  opening: { tone: 'idle', word: 'Waiting for the first token' },
  streaming: { tone: 'good', word: 'Streaming' },
  interrupted: { tone: 'warn', word: 'Its connection broke; going on where it was' },
  complete: { tone: 'good', word: 'Complete' },
  cancelled: { tone: 'warn', word: 'Cancelled' },
  failed: { tone: 'bad', word: 'Failed' },
};

interface Props {
  state: LiveStreamState;
  /** Whether the API answers. */
  reachable: boolean;
}

/** Nothing has come yet. */
const UNOPENED = { tone: 'warn', word: 'No answer yet; trying again' } as const;
/** Where nobody answers, no other instance goes on with it either. */
const UNREACHABLE = { tone: 'bad', word: 'Nobody answers; trying again' } as const;

/** The answer, each part underlined in the colour of the instance that sent it. */
export function StreamText({ state, reachable }: Props) {
  const { phase, instance, interruption, pieces, tokens, epoch, ttftMs, gapsMs, attached, checksum, error } = state;
  if (phase === 'idle') {
    return (
      <PanelState title="An answer, as it comes">
        <p>
          Ask something: the tokens appear here, with the instance that sends them, the time to the first one and the
          epoch, which counts the stream’s owners.
        </p>
      </PanelState>
    );
  }
  return (
    <section aria-label="Answer" className="panel flex min-w-0 flex-col">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line px-4 py-3">
        <span className="font-medium" role="status">
          <StateDot {...stateOf(state, reachable)} />
          {attached && <span className="font-normal text-muted"> · found again after a reload</span>}
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
        <Fact label="Checksum" value={checksum === null ? '–' : checksum ? '✓ right' : '× not there'} />
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

function stateOf({ phase, pieces }: LiveStreamState, reachable: boolean): { tone: Tone; word: string } {
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
