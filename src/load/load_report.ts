import type { LimitReport } from './limit_report.ts';
import type { Outcome } from './outcome.ts';
import type { PhaseCounts, PhaseName } from './phase_counts.ts';
import type { Spread } from './samples.ts';
import type { SelfCheck } from './self_check.ts';
import type { InstanceShare } from './shares.ts';
import type { SeriesPoint } from './time_series.ts';

/**
 * Shape of `load --json`. Covers the measured requests: those that started after the warm-up. Latencies are in
 * milliseconds, of `ok` requests only; in an open loop they start at the scheduled time.
 */
export interface LoadReport {
  /** Requests that have ended, or were not sent. */
  requests: number;
  outcomes: Record<Outcome, number>;
  /** By `X-Instance-Id`; a refusal counts for the instance that refused. */
  instances: Record<string, { requests: number; ok: number }>;
  /** The same as shares, with the range that chance allows. */
  shares: InstanceShare[];
  /** Half the sum of |share - weight|: the share of requests in the wrong place. null without shares. */
  imbalance: number | null;
  ttft_ms: Spread | null;
  tpot_ms: Spread | null;
  icl_ms: Spread | null;
  e2e_ms: Spread | null;
  /** Largest gap of each request. */
  stall_ms: Spread | null;
  /** Open loop only: TTFT and E2E from the time at which the request was actually sent. */
  service_ttft_ms: Spread | null;
  service_e2e_ms: Spread | null;
  /** Time until a 429 or 503 response. */
  refusal_ms: Spread | null;
  /** Streams that changed connections and ended `ok`; null if none was resumable. */
  resumed: number | null;
  /** Gaps of those streams, from the last event on one connection to the first on the next one. */
  resume_gap_ms: Spread | null;
  /** Requests that ended `ok` and met the SLO; `share` is of all attempts. null without an SLO. */
  good: { count: number; per_second: number; share: number } | null;
  /** Output tokens of all requests. */
  tokens: number;
  /** From the start of the measurement to its last event. */
  duration_ms: number;
  /**
   * Requests that ended `ok`, per second: of the scheduled time in an open loop, of `duration_ms` in a closed one.
   */
  streams_per_second: number;
  /** Whether responses came through NGINX; null if there were none. */
  via: 'nginx' | 'direct' | 'mixed' | null;
  /** Errors, most frequent first, at most 50 kinds. */
  errors: LoadErrorCount[];
  phases: PhaseCounts[];
  /** Steps of a search for the limit; null in other modes. */
  limit: LimitReport | null;
  /** Whether the generator kept up; null until the end. */
  self_check: SelfCheck | null;
}

export interface LoadErrorCount {
  outcome: Outcome;
  code: string | null;
  message: string | null;
  count: number;
}

/** The report so far, with fields for live views. */
export interface LoadSnapshot extends LoadReport {
  phase: PhaseName;
  /** Since the start of the run, including the warm-up. */
  elapsed_ms: number;
  /** Requests in flight. */
  active: number;
  /** Streams in flight whose instance is known. */
  active_by_instance: Record<string, number>;
  /** The whole run, including the warm-up. */
  series: SeriesPoint[];
}
