import type { LimitReport } from './limit_report.ts';
import type { Outcome } from './outcome.ts';
import type { PhaseCounts, PhaseName } from './phase_counts.ts';
import type { Spread } from './samples.ts';
import type { SelfCheck } from './self_check.ts';
import type { InstanceShare } from './shares.ts';
import type { SeriesPoint } from './time_series.ts';

/**
 * Shape of `load --json`. Everything is of the measured requests: those that started after the warm-up. Latencies are
 * of `ok` requests only, in milliseconds; in an open loop they count from the scheduled start.
 */
export interface LoadReport {
  /** Requests that have ended, or were not sent. */
  requests: number;
  outcomes: Record<Outcome, number>;
  /** By `X-Instance-Id`; a refusal counts under the instance that refused. */
  instances: Record<string, { requests: number; ok: number }>;
  /** The same as shares, with the band that chance allows. */
  shares: InstanceShare[];
  /** Half the sum of |share - weight|: the part of the requests that went to the wrong place. null without a share. */
  imbalance: number | null;
  ttft_ms: Spread | null;
  tpot_ms: Spread | null;
  icl_ms: Spread | null;
  e2e_ms: Spread | null;
  /** Largest gap of each request. */
  stall_ms: Spread | null;
  /** Open loop only: TTFT and E2E from the moment in which the request was really sent. */
  service_ttft_ms: Spread | null;
  service_e2e_ms: Spread | null;
  /** Time until a 429 or 503 was there. */
  refusal_ms: Spread | null;
  /** Streams that went on over another connection and still ended `ok`; null where none was resumable. */
  resumed: number | null;
  /** Gaps of those streams, from the last event on one connection to the first on the next. */
  resume_gap_ms: Spread | null;
  /** Requests that ended `ok` and met every SLO; `share` is of all attempts. null where the plan names no SLO. */
  good: { count: number; per_second: number; share: number } | null;
  /** Output tokens of all requests. */
  tokens: number;
  /** Start of the measurement to its last event. */
  duration_ms: number;
  /**
   * Requests that ended `ok`, per second: of the scheduled time in an open loop, of `duration_ms` in a closed one, whose
   * workers are busy until their last request has ended.
   */
  streams_per_second: number;
  /** Whether answers came through the balancer; null where none came. */
  via: 'nginx' | 'direct' | 'mixed' | null;
  /** What went wrong, most frequent first, at most 50 kinds. */
  errors: LoadErrorCount[];
  phases: PhaseCounts[];
  /** Steps of a search for the limit; null in other modes. */
  limit: LimitReport | null;
  /** Whether the generator itself could keep up; null while it is not known. */
  self_check: SelfCheck | null;
}

export interface LoadErrorCount {
  outcome: Outcome;
  code: string | null;
  message: string | null;
  count: number;
}

/** The report so far, and what only a live view needs. */
export interface LoadSnapshot extends LoadReport {
  phase: PhaseName;
  /** Since the start of the run, its warm-up included. */
  elapsed_ms: number;
  /** Requests under way. */
  active: number;
  /** Streams under way whose instance is known. */
  active_by_instance: Record<string, number>;
  /** The whole run, its warm-up included. */
  series: SeriesPoint[];
}
