import { errorSentence, type LoadReport, type LoadSnapshot, limitAnswer, type Outcome } from '../api.ts';
import { formatCount, formatShare } from './format.ts';

export interface Verdict {
  tone: 'good' | 'note' | 'bad';
  title: string;
  text: string;
}

export interface Limits {
  perUser: number;
  scope: 'instance' | 'cluster';
}

/**
 * The result of a run in words.
 *
 * @param limits the limit per user; null if the cluster is unknown
 */
export function verdict(report: LoadReport, stopped: boolean, limits: Limits | null): Verdict {
  const answer = limitAnswer(report);
  if (answer) {
    const { found, title, text } = answer;
    const idle = idleInstances(report) === '' ? '' : ` ${balanceSentence(report)}`;
    return { tone: found && idle === '' ? 'good' : 'note', title: `${title}.`, text: `${text}${idle}` };
  }
  const counts = runCounts(report);
  const { completed, refused429, refused503, truncated } = counts;
  const failed = counts.failed + counts.failed502;
  const byLimiter = refusedByLimiter(report) === refused429 + refused503;
  const title = headline(completed, refused429 + refused503, byLimiter, truncated, failed);
  const sentences: string[] = [];
  if (stopped) sentences.push(`You stopped the run after ${plural(report.requests, 'request', 'requests')}.`);
  if (truncated > 0) {
    sentences.push(mostFrequent(`${cap(inWords(truncated))} broke off before the end`, report, isOutcome('truncated')));
  }
  if (failed > 0) sentences.push(failureSentence(report, failed));
  if (refused503 > 0)
    sentences.push(mostFrequent(`${cap(plural(refused503, 'request', 'requests'))} got 503`, report, isOutcome('503')));
  if (refused429 > 0) sentences.push(tooManySentence(report, limits));
  if (report.via === 'direct') sentences.push('All requests went directly to one instance: nothing was balanced.');
  const balance = balanceSentence(report);
  if (balance) sentences.push(balance);
  const short = stopped || !byLimiter || completed === 0 || report.via === 'direct' || idleInstances(report) !== '';
  const tone = truncated + failed > 0 ? 'bad' : short ? 'note' : 'good';
  return { tone, title, text: sentences.join(' ') };
}

/**
 * The expected result of the guide's ten concurrent streams.
 * @param limits null if unknown: the guide's own limits
 * @param instances 0 if unknown
 */
export function expectedWords(limits: Limits | null, instances: number): string {
  const { perUser, scope } = limits ?? { perUser: 3, scope: 'instance' };
  const several = scope === 'cluster' ? 1 : instances || 3;
  const streams = plural(perUser, 'stream', 'streams');
  const where =
    scope === 'cluster'
      ? `${streams} per user over all instances`
      : `${plural(several, 'instance', 'instances')} and ${streams} per user on each`;
  const admitted = Math.min(10, perUser * several);
  if (admitted === 10) return `With ${where}, all ten run at once.`;
  const rest = admitted === 9 ? 'the tenth gets' : `the other ${inWords(10 - admitted)} get`;
  return `With ${where}, ${inWords(admitted)} of ten run at once and ${rest} a 429.`;
}

function headline(ok: number, refused: number, byLimiter: boolean, truncated: number, failed: number): string {
  // Numbers up to ten are words, unless a larger number stands beside them.
  const amount = Math.max(ok, refused, truncated, failed) > 10 ? formatCount : inWords;
  const parts = [ok > 0 ? `${amount(ok)} completed` : 'no stream completed'];
  if (refused > 0) {
    const word = refused === 1 ? 'was' : 'were';
    parts.push(`${amount(refused)} ${word} refused${byLimiter ? ' by the limiter' : ''}`);
  }
  if (truncated > 0) parts.push(`${amount(truncated)} cut off`);
  if (failed > 0) parts.push(`${amount(failed)} failed`);
  return `${cap(parts.join(', '))}.`;
}

type LoadError = LoadReport['errors'][number];

const isOutcome =
  (wanted: LoadError['outcome']) =>
  ({ outcome }: LoadError) =>
    outcome === wanted;

/** Codes of the stack's own limits per user. */
const LIMITERS = new Set<string | null>(['too_many_connections', 'rate_limited']);

/** Number of requests that a limit per user refused. */
function refusedByLimiter({ errors }: LoadReport): number {
  return errors.filter(({ code }) => LIMITERS.has(code)).reduce((sum, { count }) => sum + count, 0);
}

/** Adds the most frequent reason, in the words of the error itself. */
function mostFrequent(what: string, { errors }: LoadReport, isMeant: (error: LoadError) => boolean): string {
  const sentence = errorSentence(errors.find(isMeant) ?? { code: null, message: null });
  return sentence === null ? `${what}.` : `${what}. Most frequent reason: ${sentence}`;
}

/** A 429 is the limit of concurrent streams only if its code says so. */
function tooManySentence(report: LoadReport, limits: Limits | null): string {
  const first = report.errors.find(isOutcome('429'));
  if (first?.code === 'too_many_connections') return limiterSentence(report, limits);
  const count = report.outcomes['429'];
  return mostFrequent(`${cap(plural(count, 'request', 'requests'))} got 429`, report, isOutcome('429'));
}

function limiterSentence(report: LoadReport, limits: Limits | null): string {
  const where = limits?.scope === 'cluster' ? 'over all instances' : 'and instance';
  const limit = limits
    ? `the limit of ${inWords(limits.perUser)} streams per user ${where}`
    : 'the limit of streams per user';
  const instances = Object.values(report.instances).filter(({ requests }) => requests > 0).length;
  const product = limits?.scope === 'instance' && instances > 1;
  const sum = product ? `: ${instances} × ${limits.perUser} = ${instances * limits.perUser} at once` : '';
  return `429 means ${limit}${sum}. The limiter works as intended.`;
}

/** Names of the instances that got no request although they should have. */
function idleInstances({ shares }: LoadReport): string {
  const idle = shares.filter(({ requests, verdict }) => requests === 0 && verdict === 'uneven');
  return idle.map(({ instance }) => instance).join(', ');
}

function balanceSentence(report: LoadReport): string | null {
  const idle = idleInstances(report);
  if (idle !== '') return `${idle} answered no request. See Overview and Doctor.`;
  const streamed = Object.values(report.instances).map(({ ok }) => ok);
  const most = Math.max(...streamed);
  const least = Math.min(...streamed);
  if (streamed.length < 2 || most === 0) return null;
  if (most === least) return `Each of the ${inWords(streamed.length)} instances completed ${inWords(most)}.`;
  if (most - least === 1) return `Each instance completed ${formatCount(least)} or ${formatCount(most)}: even.`;
  return `Each instance completed between ${formatCount(least)} and ${formatCount(most)}.`;
}

function failureSentence(report: LoadReport, failed: number): string {
  if (report.via === null) return 'No request got an answer. See the top of this page.';
  const isFailure = ({ outcome }: LoadError) => outcome !== '429' && outcome !== '503' && outcome !== 'truncated';
  return mostFrequent(`${cap(inWords(failed))} failed`, report, isFailure);
}

const WORDS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

function inWords(n: number): string {
  return WORDS[n] ?? formatCount(n);
}

function plural(n: number, one: string, many: string): string {
  return `${inWords(n)} ${n === 1 ? one : many}`;
}

function cap(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const VERDICTS = {
  even: { tone: 'good', word: 'even' },
  uneven: { tone: 'warn', word: 'uneven' },
  too_few: { tone: 'idle', word: 'too few requests' },
} as const;

export interface BalanceVerdict {
  tone: 'good' | 'warn' | 'idle';
  word: string;
  text: string;
}

/** How even the distribution was, by the worst share; null if there is nothing to balance. */
export function balanceVerdict({
  shares,
  imbalance,
}: Pick<LoadSnapshot, 'shares' | 'imbalance'>): BalanceVerdict | null {
  const worst = shares.find(({ verdict }) => verdict === 'uneven') ?? shares[0];
  if (!worst || imbalance === null || shares.length < 2) return null;
  return { ...VERDICTS[worst.verdict], text: balanceText(worst.verdict, imbalance) };
}

function balanceText(verdict: keyof typeof VERDICTS, imbalance: number): string {
  // With few requests even a fair distribution has a large imbalance, so the figure would mislead.
  if (verdict === 'too_few') return 'More requests are needed to judge the distribution.';
  if (imbalance === 0) return 'Perfectly even.';
  const share = formatShare(imbalance, 1);
  return `${share} of the requests would have to move for an even distribution. The bracket is the range that chance allows.`;
}

/** Outcomes of a run in the groups that the page shows. Each request is in exactly one. */
export interface RunCounts {
  completed: number;
  refused429: number;
  refused503: number;
  /** A provider, or an instance behind NGINX, failed. */
  failed502: number;
  truncated: number;
  /** All other errors. */
  failed: number;
  cancelled: number;
}

const APART: readonly Outcome[] = ['ok', '429', '503', '502', 'truncated', 'cancelled', 'not_sent'];

export function runCounts({ outcomes }: Pick<LoadReport, 'outcomes'>): RunCounts {
  let failed = 0;
  for (const [outcome, count] of Object.entries(outcomes)) {
    if (!APART.includes(outcome as Outcome)) failed += count;
  }
  return {
    completed: outcomes.ok,
    refused429: outcomes['429'],
    refused503: outcomes['503'],
    failed502: outcomes['502'],
    truncated: outcomes.truncated,
    failed,
    cancelled: outcomes.cancelled,
  };
}
