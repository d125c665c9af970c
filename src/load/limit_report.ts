import { errorSentence } from '../formats/error_code.ts';
import { formatOneDecimal, formatWhole } from '../formats/locale.ts';

/** One step of a search for the limit. */
export interface LimitStep {
  concurrency: number;
  requests: number;
  ok: number;
  /** Requests that a limit per user refused; absent in older runs. */
  limited?: number;
  /** Good answers per second; without an SLO, completed ones. */
  goodput_per_second: number;
  ttft_p50_ms: number | null;
  ttft_p95_ms: number | null;
}

/** Why a search ended. `limiter`: at the limit per user, so there were too few users; `interrupted`: by the user. */
export type LimitReason = 'knee' | 'refused' | 'limiter' | 'max' | 'interrupted';

export interface LimitReport {
  steps: LimitStep[];
  /** The step after which more streams gave no more good answers; null before the first step. */
  knee: LimitStep | null;
  /** null while the search runs. */
  reason: LimitReason | null;
}

/** Goodput counts as risen from this factor on; TTFT likewise. */
const RISE = 1.05;
const TTFT_RISE = 1.1;
/** The search ends if more than this share of requests fails. */
const MAX_NOT_OK = 0.5;
/** A step can be the best one only if at most this share of its requests failed. */
const MAX_NOT_OK_AT_BEST = 0.05;
const GROWTH = 1.5;

/**
 * Judges the steps so far: the knee, and whether the search is over. Constant goodput is the limit only if TTFT rises. One
 * bad step may be chance, so two in a row must agree.
 */
export function judgeLimit(steps: readonly LimitStep[], maxConcurrency: number): Omit<LimitReport, 'steps'> {
  const last = steps.at(-1);
  if (!last) return { knee: null, reason: null };
  const sound = steps.filter(isSound);
  const knee = (sound.length > 0 ? sound : steps.slice(0, 1)).reduce((best, step) => {
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

function isSound({ ok, requests }: LimitStep): boolean {
  return requests > 0 && ok / requests >= 1 - MAX_NOT_OK_AT_BEST;
}

/** Concurrency of the next step. */
export function nextConcurrency(concurrency: number, maxConcurrency: number): number {
  return Math.min(maxConcurrency, Math.max(concurrency + 1, Math.ceil(concurrency * GROWTH)));
}

/** The result of a search for the limit in words. */
export interface LimitAnswer {
  /** Whether a limit of the server was found. */
  found: boolean;
  title: string;
  text: string;
}

/** The part of a load report that answers a search for the limit. */
interface SearchedReport {
  limit: LimitReport | null;
  /** Most frequent first. */
  errors: readonly { code: string | null; message: string | null }[];
  self_check: { ok: boolean } | null;
}

/** null for other runs, and while the search runs. */
export function limitAnswer({ limit, errors, self_check }: SearchedReport): LimitAnswer | null {
  if (!limit?.reason) return null;
  const { knee, steps, reason } = limit;
  const most = formatWhole(Math.max(0, ...steps.map(({ concurrency }) => concurrency)));
  if (reason === 'limiter') {
    const title = 'Found the limit per user, not the limit of the server';
    const text = `At ${most} concurrent streams, the limit per user refused most requests. Search again with more users.`;
    return { found: false, title, text };
  }
  const first = errors[0] && errorSentence(errors[0]);
  const cause = first ? ` Most frequent reason: ${first}` : '';
  if (!knee || knee.ok === 0) {
    const text = first ? `Most frequent reason: ${first}` : 'The search ended during its first step.';
    return { found: false, title: 'No limit found: no request succeeded', text };
  }
  if (!isSound(knee)) {
    const below = formatWhole(knee.concurrency);
    const text = `At ${below}, only ${formatWhole(knee.ok)} of ${formatWhole(knee.requests)} requests succeeded.${cause}`;
    return { found: reason !== 'interrupted', title: `The limit is below ${below} concurrent streams`, text };
  }
  const best = `${formatWhole(knee.concurrency)} concurrent ${knee.concurrency === 1 ? 'stream' : 'streams'}`;
  const rate = `${formatOneDecimal(knee.goodput_per_second)} good answers per second`;
  const ttft =
    knee.ttft_p50_ms === null ? '' : `, half of them with a TTFT of at most ${formatWhole(knee.ttft_p50_ms)} ms`;
  if (reason === 'knee' || reason === 'refused') {
    const after =
      reason === 'knee'
        ? beyondKnee(knee, steps.slice(steps.indexOf(knee) + 1), cause)
        : `At ${most} concurrent streams, more than half of the requests failed.${cause}`;
    const text = `There, the server delivered ${rate}${ttft}. ${after}`;
    if (self_check?.ok !== false) return { found: true, title: `The limit is about ${best}`, text };
    const title = `At least ${best}: the load generator was too slow to find more`;
    return { found: false, title, text: `${text} The generator may have caused that.` };
  }
  const title = reason === 'max' ? `No limit up to ${most} concurrent streams` : 'Stopped before a limit was found';
  return { found: false, title, text: `Best result: ${rate} with ${best}${ttft}.` };
}

/** What more streams than those of the knee did. @param cause of failures: a sentence, with a space before it */
function beyondKnee(knee: LimitStep, beyond: readonly LimitStep[], cause: string): string {
  const requests = beyond.reduce((sum, step) => sum + step.requests, 0);
  const failed = requests - beyond.reduce((sum, { ok }) => sum + ok, 0);
  const most = Math.max(...beyond.map(({ goodput_per_second }) => goodput_per_second));
  // A step with too many failures is never the best one, however much it delivered.
  const answers =
    most > knee.goodput_per_second * RISE
      ? `up to ${formatOneDecimal(most)} answers per second`
      : 'hardly more answers';
  if (failed === 0) return `More streams brought ${answers}, and a later first token.`;
  return `More streams brought ${answers}, a later first token, and failures: ${formatWhole(failed)} of ${formatWhole(requests)} requests.${cause}`;
}
