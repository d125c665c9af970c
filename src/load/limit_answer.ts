import { errorSentence } from '../formats/error_code.ts';
import type { LoadReport } from './load_report.ts';

/** What a search for the limit came to, for people. */
export interface LimitAnswer {
  /** Whether a limit of the server was found. */
  found: boolean;
  title: string;
  text: string;
}

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** null for other runs, and while the search goes on. */
export function limitAnswer({ limit, errors }: Pick<LoadReport, 'limit' | 'errors'>): LimitAnswer | null {
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
