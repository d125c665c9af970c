import { describe, expect, it } from 'vitest';
import { balanceVerdict } from '../../../performance_dashboard/src/view/runVerdict.ts';
import { imbalanceOf, sharesOf } from '../../../src/load/shares.ts';

const verdict = (...counts: number[]) => {
  const shares = sharesOf(new Map(counts.map((count, at) => [`app-${at + 1}`, count])));
  return balanceVerdict({ shares, imbalance: imbalanceOf(shares) });
};

describe('the words under the shares', () => {
  it('judge nothing while too few requests have ended', () => {
    expect(verdict(1, 0, 0)).toMatchObject({ tone: 'idle', word: 'too few requests' });
    expect(verdict(1, 0, 0)?.text).not.toContain('%');
  });

  it('say how even a deal of enough requests was', () => {
    expect(verdict(10, 10, 10)).toMatchObject({ tone: 'good', word: 'even', text: 'Perfectly even.' });
    const uneven = {
      tone: 'warn',
      word: 'uneven',
      text: expect.stringMatching(/^67 % of the requests would have to move/),
    };
    expect(verdict(30, 0, 0)).toMatchObject(uneven);
  });

  it('are none where there is nothing to balance', () => {
    expect(verdict()).toBeNull();
    expect(verdict(30)).toBeNull();
  });
});
