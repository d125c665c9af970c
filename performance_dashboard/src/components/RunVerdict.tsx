import type { RunState } from '../stores/runStore.ts';
import { formatSeconds } from '../view/format.ts';
import { type Limits, verdict } from '../view/verdict.ts';

const TONES = {
  good: { frame: 'border-good bg-good-ground', ink: 'text-good' },
  note: { frame: 'border-warn bg-warn-ground', ink: 'text-warn' },
  bad: { frame: 'border-bad bg-bad-ground', ink: 'text-bad' },
} as const;

type Started = Exclude<RunState, { phase: 'idle' }>;

/** Progress while a run goes on, then what it showed. */
export function RunVerdict({ state, limits }: { state: Started; limits: Limits | null }) {
  const { phase, plan, snapshot } = state;
  const running = phase === 'running' || phase === 'stopping';
  const result = running ? null : verdict(snapshot, phase === 'stopped', limits);
  const done = `${snapshot.requests} of ${plan.requests} requests`;
  return (
    <section
      aria-label="Result"
      className={`rounded-md border px-4 py-3 ${result ? TONES[result.tone].frame : 'border-line bg-surface'}`}
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 className={`text-heading font-semibold ${result ? TONES[result.tone].ink : ''}`} role="status">
          {result ? result.title : phase === 'stopping' ? 'Stopping…' : 'Running'}
        </h2>
        <span className="text-label text-muted">
          {done} · {formatSeconds(snapshot.duration_ms)}
        </span>
      </div>
      {result ? (
        <p className="mt-1 max-w-[75ch]">{result.text}</p>
      ) : (
        <progress
          className="run-progress mt-2"
          aria-label="Requests that have ended"
          value={snapshot.requests}
          max={plan.requests}
        />
      )}
    </section>
  );
}
