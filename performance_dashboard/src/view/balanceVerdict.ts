import type { LoadSnapshot } from '../api.ts';
import { formatShare } from './format.ts';

const VERDICTS = {
  even: { tone: 'good', word: 'even' },
  uneven: { tone: 'warn', word: 'uneven' },
  too_few: { tone: 'idle', word: 'too few to tell' },
} as const;

export interface BalanceVerdict {
  tone: 'good' | 'warn' | 'idle';
  word: string;
  text: string;
}

/** How even the deal was, by the worst share; null where there is nothing to balance. */
export function balanceVerdict({
  shares,
  imbalance,
}: Pick<LoadSnapshot, 'shares' | 'imbalance'>): BalanceVerdict | null {
  const worst = shares.find(({ verdict }) => verdict === 'uneven') ?? shares[0];
  if (!worst || imbalance === null || shares.length < 2) return null;
  // A figure that no even deal could avoid reads as a fault all the same.
  const text =
    worst.verdict === 'too_few'
      ? 'An even deal shows only over more requests.'
      : `${formatShare(imbalance, 1)} of the requests went elsewhere than an even deal would send them. The bracket is what chance allows.`;
  return { ...VERDICTS[worst.verdict], text };
}
