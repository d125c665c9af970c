export type Tone = 'good' | 'warn' | 'bad' | 'idle';

const COLOURS: Record<Tone, string> = {
  good: 'text-good',
  warn: 'text-warn',
  bad: 'text-bad',
  idle: 'text-muted',
};

/** A dot and its word: the shape differs with the tone too, so that it reads without colour. */
export function StateDot({ tone, word }: { tone: Tone; word: string }) {
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
