import type { RunState } from '../stores/runStore.ts';
import { isBusy } from '../stores/runStore.ts';
import { progressOf } from '../view/progress.ts';
import { type Limits, verdict } from '../view/verdict.ts';

const TONES = {
  good: { frame: 'border-good bg-good-ground', ink: 'text-good', icon: 'M3 8.5 6.5 12 13 4.5' },
  note: { frame: 'border-warn bg-warn-ground', ink: 'text-warn', icon: 'M8 3v6M8 12v1' },
  bad: { frame: 'border-bad bg-bad-ground', ink: 'text-bad', icon: 'M4 4l8 8M12 4l-8 8' },
} as const;

const BUSY_TITLES: Partial<Record<RunState['phase'], string>> = { starting: 'Starting…', stopping: 'Stopping…' };

/** Progress over the phases while a run goes on, then what it showed, in words. */
export function RunHeadline({ state, limits }: { state: RunState; limits: Limits | null }) {
  const { phase, plan, snapshot, error } = state;
  if (!plan) return null;
  const busy = isBusy(phase);
  const result = !busy && snapshot ? verdict(snapshot, phase === 'stopped', limits) : null;
  const progress = progressOf(plan, snapshot, !busy);
  const tone = phase === 'failed' ? TONES.bad : result ? TONES[result.tone] : null;
  const title = phase === 'failed' ? 'The run failed' : (result?.title ?? BUSY_TITLES[phase] ?? 'Running');
  return (
    <section
      aria-label="Result"
      className={`rounded-md border px-4 py-3 ${tone ? tone.frame : 'border-line bg-surface'}`}
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 className={`flex items-start gap-2 text-heading font-semibold ${tone ? tone.ink : ''}`} role="status">
          {tone && (
            <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" className="mt-1 shrink-0">
              <path d={tone.icon} fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
            </svg>
          )}
          {title}
        </h2>
        <span className="text-label text-muted">{progress.words}</span>
      </div>
      {error && <p className="mt-1 max-w-[75ch]">{error}</p>}
      {result && <p className="mt-1 max-w-[75ch]">{result.text}</p>}
      {busy && <PhaseBar {...progress} />}
    </section>
  );
}

function PhaseBar({ share, phases }: ReturnType<typeof progressOf>) {
  return (
    <>
      <progress
        className="run-progress mt-2"
        aria-label="Part of the run that is done"
        {...(share === null ? {} : { value: share })}
        max={1}
      />
      <ol className="mt-2 flex flex-wrap gap-x-4 text-label">
        {phases.map(({ name, state }) => (
          <li
            key={name}
            aria-current={state === 'now' ? 'step' : undefined}
            className={state === 'now' ? 'font-medium text-accent' : 'text-muted'}
          >
            <span aria-hidden="true">{state === 'done' ? '✓' : state === 'now' ? '▸' : '·'}</span> {name}
          </li>
        ))}
      </ol>
    </>
  );
}
