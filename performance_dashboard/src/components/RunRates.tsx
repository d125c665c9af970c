import type { LoadSnapshot } from '../api.ts';
import { formatCount, formatRate, formatSeconds, formatShare } from '../view/format.ts';

/** What a run amounts to: tokens, rates, goodput, streams that went on elsewhere, and whether to believe it. */
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
          label="Went on elsewhere"
          value={
            resumed === 0 ? '0' : `${formatCount(resumed)} · gap ${formatCount(resume_gap_ms?.max ?? 0)} ms at most`
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
