import type { LoadSnapshot } from '../api.ts';
import { useNow } from '../hooks/browser.ts';
import { isBusy, type RunState } from '../stores/runStore.ts';
import { pausedStore, useStore } from '../stores/store.ts';
import { formatCount, formatRate, formatSeconds, formatShare } from '../view/format.ts';
import { type Limits, runCounts, verdict } from '../view/runVerdict.ts';
import { instanceOrder } from '../view/runView.ts';
import { progressOf } from '../view/runWords.ts';
import { RunChart } from './Charts.tsx';
import { InstanceShares } from './InstanceShares.tsx';
import { Lanes } from './Lanes.tsx';
import { LatencyTable } from './LatencyTable.tsx';
import { LimitTable } from './LimitTable.tsx';
import { Freshness } from './Marks.tsx';
import { RunActions } from './RunActions.tsx';
import { SequenceStrip } from './SequenceStrip.tsx';

/** Updates of a run arrive five times a second; after this time without one, data is stale. */
const STALE_MS = 2_000;

interface Props {
  state: RunState;
  limits: Limits | null;
  known: readonly string[];
  theme: 'light' | 'dark';
}

/** A run in progress, or its result. */
export function RunResult({ state, limits, known, theme }: Props) {
  const { snapshot, phase, id, plan } = state;
  const busy = isBusy(phase);
  const paused = useStore(pausedStore);
  const now = useNow(busy);
  if (!snapshot) return <RunHeadline state={state} limits={limits} />;
  // Without any response there is nothing to draw.
  const answered = busy || snapshot.via !== null;
  const instances = instanceOrder(known, snapshot);
  const stale = now - state.updatedAt > STALE_MS;
  const fresh = paused
    ? 'paused'
    : !busy
      ? (phase as 'finished' | 'stopped' | 'failed')
      : state.link === 'disconnected'
        ? 'disconnected'
        : stale
          ? 'stale'
          : 'live';
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <RunHeadline state={state} limits={limits} />
      <div className="panel overflow-hidden">
        <RunFigures snapshot={snapshot} />
        {answered && <RunRates snapshot={snapshot} />}
      </div>
      {answered && (
        <>
          {snapshot.limit && <LimitTable limit={snapshot.limit} />}
          <Lanes
            view={state}
            instances={instances}
            theme={theme}
            ended={!busy}
            aside={<Freshness state={fresh} updatedAt={state.updatedAt} />}
          />
          <SequenceStrip strip={state.strip} />
          <InstanceShares snapshot={snapshot} known={known} />
          <div className="grid gap-4 xl:grid-cols-2">
            <LatencyTable report={snapshot} open={plan?.mode.kind === 'open'} />
            <RunChart series={snapshot.series} theme={theme} />
          </div>
        </>
      )}
      {!busy && (
        <div className="flex flex-wrap items-center gap-2">
          <span className="text-label text-muted">Export:</span>
          <RunActions id={id} snapshot={snapshot} />
        </div>
      )}
    </div>
  );
}

const TONES = {
  good: { frame: 'border-good bg-good-ground', ink: 'text-good', icon: 'M3 8.5 6.5 12 13 4.5' },
  note: { frame: 'border-warn bg-warn-ground', ink: 'text-warn', icon: 'M8 3v6M8 12v1' },
  bad: { frame: 'border-bad bg-bad-ground', ink: 'text-bad', icon: 'M4 4l8 8M12 4l-8 8' },
} as const;

const BUSY_TITLES: Partial<Record<RunState['phase'], string>> = { starting: 'Starting…', stopping: 'Stopping…' };

/** Progress of a run, then its result in words. */
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
        aria-label="Progress of the run"
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

/** Counts of the run in one row; zeros are grey. */
export function RunFigures({ snapshot }: { snapshot: LoadSnapshot }) {
  const counts = runCounts(snapshot);
  const figures = [
    { label: 'Active', unit: 'streams', value: snapshot.active, ink: 'text-accent' },
    { label: 'Completed', unit: 'status 200', value: counts.completed, ink: 'text-good' },
    { label: 'Refused 429', unit: 'too many', value: counts.refused429, ink: 'text-warn' },
    { label: 'Refused 503', unit: 'unavailable', value: counts.refused503, ink: 'text-warn' },
    { label: 'Failed 502', unit: 'bad gateway', value: counts.failed502, ink: 'text-bad' },
    { label: 'Truncated', unit: 'cut off', value: counts.truncated, ink: 'text-bad' },
    { label: 'Failed', unit: 'other errors', value: counts.failed, ink: 'text-bad' },
    ...(counts.cancelled > 0
      ? [{ label: 'Cancelled', unit: 'by Stop', value: counts.cancelled, ink: 'text-muted' }]
      : []),
    ...(snapshot.outcomes.not_sent > 0
      ? [{ label: 'Not sent', unit: 'maximum reached', value: snapshot.outcomes.not_sent, ink: 'text-warn' }]
      : []),
  ];
  return (
    <dl className="flex flex-wrap gap-px bg-line">
      {figures.map(({ label, unit, value, ink }) => (
        <div key={label} className="flex grow basis-24 flex-col bg-surface px-3 py-2.5">
          <dt className="text-label whitespace-nowrap text-muted">{label}</dt>
          <dd className={`order-first text-figure font-semibold ${value > 0 ? ink : 'text-muted'}`}>
            {formatCount(value)} <span className="sr-only">{unit}</span>
          </dd>
          <dd aria-hidden="true" className="text-label whitespace-nowrap text-muted">
            {unit}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Tokens, rates, goodput, resumed streams, and the check of the generator. */
export function RunRates({ snapshot }: { snapshot: LoadSnapshot }) {
  const { tokens, duration_ms, streams_per_second, good, resumed, resume_gap_ms, self_check } = snapshot;
  const perSecond = duration_ms > 0 ? (tokens * 1000) / duration_ms : 0;
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-1 border-t border-line px-3 py-2">
      <Fact label="Tokens" value={formatCount(tokens)} />
      <Fact label="Tokens/s" value={formatCount(perSecond)} />
      <Fact label="Streams/s" value={formatRate(streams_per_second)} />
      <Fact label="Measured" value={formatSeconds(duration_ms)} />
      {good && <Fact label="Good" value={`${formatShare(good.share, 1)} · ${formatRate(good.per_second)}/s`} />}
      {resumed !== null && (
        <Fact
          label="Resumed"
          value={
            resumed === 0 ? '0' : `${formatCount(resumed)} · longest gap ${formatCount(resume_gap_ms?.max ?? 0)} ms`
          }
        />
      )}
      {self_check && !self_check.ok && (
        <Fact label="⚠ Generator" value={self_check.reasons.join(' ')} ink="text-warn" />
      )}
      {self_check?.ok && <Fact label="Generator" value="kept up" />}
    </dl>
  );
}

function Fact({ label, value, ink = '' }: { label: string; value: string; ink?: string }) {
  return (
    <div className={`flex flex-wrap gap-x-2 ${ink}`}>
      <dt className={ink || 'text-muted'}>{label}</dt>
      <dd className="font-medium">{value}</dd>
    </div>
  );
}
