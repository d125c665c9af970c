import { errorSentence } from '../formats/error_code.ts';

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

/** What a search for the limit came to, for people. */
export interface LimitAnswer {
  /** Whether a limit of the server was found. */
  found: boolean;
  title: string;
  text: string;
}

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** The part of a load report that answers a search for the limit. */
interface SearchedReport {
  limit: LimitReport | null;
  /** Most frequent first. */
  errors: readonly { code: string | null; message: string | null }[];
}

/** null for other runs, and while the search runs. */
export function limitAnswer({ limit, errors }: SearchedReport): LimitAnswer | null {
  if (!limit?.reason) return null;
  const { knee, steps, reason } = limit;
  const most = WHOLE.format(Math.max(0, ...steps.map(({ concurrency }) => concurrency)));
  if (reason === 'limiter') {
    const title = 'This found the limit per user, and not that of the server';
    const text = `At ${most} streams at once most requests were refused because one user may not have more. Search again with more users.`;
    return { found: false, title, text };
  }
  if (!knee || knee.ok === 0) {
    const first = errors[0] && errorSentence(errors[0]);
    const text = first ? `Most often: ${first}` : 'The search ended before the first step did.';
    return { found: false, title: 'No limit was found: no request was answered well', text };
  }
  const best = `${WHOLE.format(knee.concurrency)} streams at once`;
  const rate = `${ONE.format(knee.goodput_per_second)} good answers a second`;
  const ttft =
    knee.ttft_p50_ms === null ? '' : `, half of them with their first text within ${WHOLE.format(knee.ttft_p50_ms)} ms`;
  const there = `With that it gave ${rate}${ttft}.`;
  if (reason === 'knee') {
    const text = `${there} More streams brought no more answers, only a later first text.`;
    return { found: true, title: `The limit is about ${best}`, text };
  }
  if (reason === 'refused') {
    const first = errors[0] && errorSentence(errors[0]);
    const text = `${there} With ${most} at once more than half were not answered well${first ? `; most often: ${first}` : '.'}`;
    return { found: true, title: `The limit is about ${best}`, text };
  }
  const title = reason === 'max' ? `No limit up to ${most} streams at once` : 'Stopped before a limit was found';
  return { found: false, title, text: `The most answers came with ${best}: ${rate}${ttft}.` };
}
