import { useNow } from '../hooks/browser.ts';
import { instanceMark } from '../view/instanceMark.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'idle';

const COLOURS: Record<Tone, string> = {
  good: 'text-good',
  warn: 'text-warn',
  bad: 'text-bad',
  idle: 'text-muted',
};

/** A state as it is shown. */
export interface StateWord {
  tone: Tone;
  word: string;
}

/** A dot and a word. Each tone has its own shape, readable without colour. */
export function StateDot({ tone, word }: StateWord) {
  return (
    <span className={`inline-flex items-center gap-1.5 ${COLOURS[tone]}`}>
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true" fill="currentColor" className="shrink-0">
        {tone === 'good' && <circle cx="4" cy="4" r="4" />}
        {tone === 'warn' && <path d="M4 0 8 8H0z" />}
        {tone === 'bad' && <path d="M0 0h8v8H0z" />}
        {tone === 'idle' && <circle cx="4" cy="4" r="3" fill="none" stroke="currentColor" strokeWidth="2" />}
      </svg>
      {word}
    </span>
  );
}

const WORDS = {
  connecting: { tone: 'idle', word: 'Connecting' },
  live: { tone: 'good', word: 'Live' },
  stale: { tone: 'warn', word: 'Stale' },
  paused: { tone: 'idle', word: 'Paused' },
  disconnected: { tone: 'bad', word: 'Disconnected' },
  finished: { tone: 'good', word: 'Finished' },
  stopped: { tone: 'warn', word: 'Cancelled' },
  failed: { tone: 'bad', word: 'Failed' },
} as const satisfies Record<string, StateWord>;

interface FreshnessProps {
  state: keyof typeof WORDS;
  /** When the last data arrived, by the page's clock; undefined if there was none. */
  updatedAt?: number | undefined;
}

/** Whether the numbers beside it are current: a word, and their age if they may be old. */
export function Freshness({ state, updatedAt }: FreshnessProps) {
  const ages = updatedAt !== undefined && (state === 'stale' || state === 'paused' || state === 'disconnected');
  const now = useNow(ages);
  const { tone, word } = WORDS[state];
  return (
    <span className="text-label font-medium whitespace-nowrap">
      <StateDot tone={tone} word={word} />
      {ages && (
        <span className="font-normal text-muted">
          {' '}
          · last data {Math.max(0, Math.round((now - updatedAt) / 1000))} s ago
        </span>
      )}
    </span>
  );
}

/** Colour, letter and name of an instance, the same on every screen. */
export function InstanceMark({ id }: { id: string }) {
  const { letter, colour } = instanceMark(id);
  return (
    <span className="inline-flex items-center gap-2">
      <span
        aria-hidden="true"
        className="inline-flex size-5 items-center justify-center rounded-sm text-label font-semibold text-surface"
        style={{ background: colour }}
      >
        {letter}
      </span>
      {id}
    </span>
  );
}
