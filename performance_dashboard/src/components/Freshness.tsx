import { useNow } from '../hooks/useNow.ts';
import { StateDot, type Tone } from './StateDot.tsx';

const WORDS = {
  connecting: { tone: 'idle', word: 'Connecting' },
  live: { tone: 'good', word: 'Live' },
  stale: { tone: 'warn', word: 'Stale' },
  paused: { tone: 'idle', word: 'Paused' },
  disconnected: { tone: 'bad', word: 'Disconnected' },
  finished: { tone: 'good', word: 'Finished' },
  stopped: { tone: 'warn', word: 'Cancelled' },
  failed: { tone: 'bad', word: 'Failed' },
} as const satisfies Record<string, { tone: Tone; word: string }>;

interface Props {
  state: keyof typeof WORDS;
  /** When the last data came, by the page's clock; left out where there was none. */
  heardAt?: number | undefined;
}

/** How far the numbers beside it can be trusted: a word, and their age where they may be old. */
export function Freshness({ state, heardAt }: Props) {
  const ages = heardAt !== undefined && (state === 'stale' || state === 'paused' || state === 'disconnected');
  const now = useNow(ages);
  const { tone, word } = WORDS[state];
  return (
    <span className="text-label font-medium whitespace-nowrap">
      <StateDot tone={tone} word={word} />
      {ages && (
        <span className="font-normal text-muted">
          {' '}
          · last data {Math.max(0, Math.round((now - heardAt) / 1000))} s ago
        </span>
      )}
    </span>
  );
}
