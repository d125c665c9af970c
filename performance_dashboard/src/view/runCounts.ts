import type { LoadReport, Outcome } from '../api.ts';

/** Outcomes of a run in the groups that the page shows; every request is in exactly one. */
export interface RunCounts {
  completed: number;
  refused429: number;
  refused503: number;
  /** A provider or an instance behind the balancer failed. */
  failed502: number;
  truncated: number;
  /** Errors of every other kind. */
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
