/** One step of a search for the limit. */
export interface LimitStep {
  concurrency: number;
  requests: number;
  ok: number;
  /** Requests that a limit per user refused; absent in older runs. */
  limited?: number;
  /** Good answers per second; where the plan names no SLO, whole ones. */
  goodput_per_second: number;
  ttft_p50_ms: number | null;
  ttft_p95_ms: number | null;
}

/** Why a search ended. `limiter`: too few users, who may not have more; `interrupted`: by the one who ran it. */
export type LimitReason = 'knee' | 'refused' | 'limiter' | 'max' | 'interrupted';

export interface LimitReport {
  steps: LimitStep[];
  /** The step after which more streams brought no more good answers; null before there is one. */
  knee: LimitStep | null;
  /** null while it goes on. */
  reason: LimitReason | null;
}

/** Goodput has to rise by this much to count as risen, and TTFT likewise. */
const RISE = 1.05;
const TTFT_RISE = 1.1;
/** Where more than this part is not answered well, there is nothing more to find. */
const MAX_NOT_OK = 0.5;
const GROWTH = 1.5;

/**
 * What the steps so far say: the knee, and whether the search is over. Goodput that stands still is the limit only when
 * TTFT rises with it; a single step that did badly may be chance, so two of them have to agree.
 */
export function judgeLimit(steps: readonly LimitStep[], maxConcurrency: number): Omit<LimitReport, 'steps'> {
  const last = steps.at(-1);
  if (!last) return { knee: null, reason: null };
  const knee = steps.reduce((best, step) => {
    return step.goodput_per_second > best.goodput_per_second * RISE ? step : best;
  });
  if (last.requests > 0 && last.ok / last.requests < 1 - MAX_NOT_OK) {
    const isLimiter = (last.limited ?? 0) > (last.requests - last.ok) / 2;
    return { knee, reason: isLimiter ? 'limiter' : 'refused' };
  }
  const after = steps.slice(steps.indexOf(knee) + 1);
  const isSlower = (step: LimitStep) => (step.ttft_p50_ms ?? 0) > (knee.ttft_p50_ms ?? 0) * TTFT_RISE;
  if (after.length >= 2 && after.slice(-2).every(isSlower)) return { knee, reason: 'knee' };
  return { knee, reason: last.concurrency >= maxConcurrency ? 'max' : null };
}

/** Concurrency of the step after this one. */
export function nextConcurrency(concurrency: number, maxConcurrency: number): number {
  return Math.min(maxConcurrency, Math.max(concurrency + 1, Math.ceil(concurrency * GROWTH)));
}
