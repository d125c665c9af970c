import { byName } from '../formats/locale.ts';
import type { LimitReport } from './limit_report.ts';
import type { LoadErrorCount, LoadReport, LoadSnapshot } from './load_report.ts';
import { OUTCOMES, type Outcome } from './outcome.ts';
import { type PhaseName, Phases } from './phase_counts.ts';
import type { LoadRecord } from './record.ts';
import { Samples } from './samples.ts';
import type { SelfCheck } from './self_check.ts';
import { imbalanceOf, sharesOf } from './shares.ts';
import { isGood, type Slo } from './slo.ts';
import { TimeSeries } from './time_series.ts';

export interface SummaryOptions {
  /** Defines a good answer. */
  slo?: Slo | undefined;
  /** Known instances, so that one without requests appears too. */
  instances?: readonly string[];
  /** Scheduled time of an open loop. */
  openMs?: number | undefined;
  /** The server is not Weir, so a missing NGINX header means nothing. */
  isForeign?: boolean;
}

/** Sums up records, for the command line, the dashboard and the exports. */
export class Summary {
  /** Set by the run. */
  limit: LimitReport | null = null;
  selfCheck: SelfCheck | null = null;
  readonly #options: SummaryOptions;
  readonly #outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  readonly #instances = new Map<string, { requests: number; ok: number }>();
  readonly #latencies = new LatencySamples();
  readonly #errors = new ErrorCounts();
  readonly #phases = new Phases();
  readonly #vias = new Set<'nginx' | 'direct'>();
  readonly #series = new TimeSeries();
  /** Instance of each request in flight, by index; null before the response head. */
  readonly #active = new Map<number, string | null>();
  #requests = 0;
  #good = 0;
  #tokens = 0;
  #resumed: number | null = null;
  #lastMs = 0;

  constructor(options: SummaryOptions = {}) {
    this.#options = options;
    for (const id of options.instances ?? []) this.#instances.set(id, { requests: 0, ok: 0 });
  }

  /** A phase begins, `atMs` since the start of the run. */
  enter(phase: PhaseName, atMs: number): void {
    this.#phases.enter(phase, atMs);
  }

  /** A request starts, `atMs` since the start of the run. */
  start(index: number, atMs: number): void {
    this.#active.set(index, null);
    this.#phases.start();
    this.#mark(atMs);
  }

  /** Its response head arrived. */
  head(index: number, instance: string | null): void {
    if (this.#active.has(index)) this.#active.set(index, instance);
  }

  /**
   * It ended. `gapsMs` are the gaps between its chunks with content, `resumeGapsMs` the gaps in which it changed
   * connections; they count if it ended `ok`.
   */
  add(record: LoadRecord, gapsMs: readonly number[] = [], resumeGapsMs: readonly number[] = []): void {
    this.#active.delete(record.index);
    if (record.outcome !== 'not_sent') this.#phases.end();
    if (record.measured) this.#count(record, gapsMs, resumeGapsMs);
    this.#mark(record.startMs + record.e2eMs);
  }

  /** The run ended. */
  close(atMs: number): void {
    this.#phases.close(Math.max(atMs, this.#lastMs));
  }

  /** The shape of `load --json`; `nowMs` since the start of the run. */
  report(nowMs: number = this.#lastMs, isLive = false): LoadReport {
    const vias = [...this.#vias];
    const instances = new Map([...this.#instances].sort(([a], [b]) => byName(a, b)));
    const shares = sharesOf(new Map([...instances].map(([id, { requests }]) => [id, requests])));
    const tookMs = Math.max(0, nowMs - this.#phases.measuredFromMs);
    const perSecond = (count: number) => perSecondOf(count, Math.min(tookMs, this.#options.openMs ?? tookMs));
    return {
      requests: this.#requests,
      outcomes: { ...this.#outcomes },
      instances: Object.fromEntries([...instances].map(([id, counts]) => [id, { ...counts }])),
      shares,
      imbalance: imbalanceOf(shares),
      ...this.#latencies.spreads(isLive),
      resumed: this.#resumed,
      good: this.#options.slo
        ? {
            count: this.#good,
            per_second: perSecond(this.#good),
            share: this.#requests === 0 ? 0 : this.#good / this.#requests,
          }
        : null,
      tokens: this.#tokens,
      duration_ms: Math.round(tookMs),
      streams_per_second: perSecond(this.#outcomes.ok),
      via: vias.length > 1 ? 'mixed' : (vias[0] ?? null),
      errors: this.#errors.list(),
      phases: this.#phases.counts(),
      limit: this.limit,
      self_check: this.selfCheck,
    };
  }

  /** For live views; `nowMs` since the start of the run. */
  snapshot(nowMs: number = this.#lastMs): LoadSnapshot {
    const byInstance: Record<string, number> = {};
    for (const instance of this.#active.values()) {
      if (instance !== null) byInstance[instance] = (byInstance[instance] ?? 0) + 1;
    }
    return {
      ...this.report(nowMs, true),
      phase: this.#phases.name,
      elapsed_ms: Math.round(nowMs),
      active: this.#active.size,
      active_by_instance: byInstance,
      series: this.#series.points(nowMs),
    };
  }

  #count(record: LoadRecord, gapsMs: readonly number[], resumeGapsMs: readonly number[]): void {
    this.#requests += 1;
    this.#outcomes[record.outcome] += 1;
    this.#tokens += record.tokens;
    if (record.reconnects !== null) this.#resumed ??= 0;
    if (record.via === 'nginx') this.#vias.add('nginx');
    else if (record.status !== null && !this.#options.isForeign) this.#vias.add('direct');
    if (record.instance !== null) this.#addInstance(record.instance, record.outcome === 'ok');
    if (this.#options.slo && isGood(record, this.#options.slo)) this.#good += 1;
    if (record.outcome === 'ok') {
      this.#latencies.addOk(record, gapsMs, resumeGapsMs, this.#options.openMs !== undefined);
      if (record.reconnects) this.#resumed! += 1;
      return;
    }
    if (isRefusal(record)) this.#latencies.addRefusal(record);
    if (record.outcome !== 'cancelled') this.#errors.add(record);
  }

  #addInstance(id: string, ok: boolean): void {
    const counts = this.#instances.get(id) ?? { requests: 0, ok: 0 };
    counts.requests += 1;
    if (ok) counts.ok += 1;
    this.#instances.set(id, counts);
  }

  #mark(atMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, atMs);
    const { ok, '429': tooMany, '503': unavailable } = this.#outcomes;
    const refused = tooMany + unavailable;
    const failed = this.#requests - ok - refused;
    this.#series.set(this.#lastMs, { active: this.#active.size, ok, refused, failed });
  }
}

/** Refused before its head, not failed after it. */
function isRefusal(record: LoadRecord): boolean {
  return (record.outcome === '429' || record.outcome === '503') && record.status !== 200;
}

function perSecondOf(count: number, ms: number): number {
  return ms > 0 ? Math.round((count * 1_000_000) / ms) / 1000 : 0;
}

/** app-2 before app-10. */

type Latencies = Pick<
  LoadReport,
  | 'ttft_ms'
  | 'tpot_ms'
  | 'icl_ms'
  | 'e2e_ms'
  | 'stall_ms'
  | 'service_ttft_ms'
  | 'service_e2e_ms'
  | 'refusal_ms'
  | 'resume_gap_ms'
>;

/** All latencies of a run. */
export class LatencySamples {
  readonly #ttft = new Samples();
  readonly #tpot = new Samples();
  readonly #icl = new Samples();
  readonly #e2e = new Samples();
  readonly #stall = new Samples();
  readonly #serviceTtft = new Samples();
  readonly #serviceE2e = new Samples();
  readonly #refusal = new Samples();
  readonly #resumeGap = new Samples();

  /** A request that ended `ok`. */
  addOk(record: LoadRecord, gapsMs: readonly number[], resumeGapsMs: readonly number[], isOpen: boolean): void {
    this.#e2e.add(record.e2eMs);
    if (record.ttftMs !== null) this.#ttft.add(record.ttftMs);
    if (record.tpotMs !== null) this.#tpot.add(record.tpotMs);
    if (record.maxStallMs !== null) this.#stall.add(record.maxStallMs);
    for (const gap of gapsMs) this.#icl.add(gap);
    for (const gap of resumeGapsMs) this.#resumeGap.add(gap);
    if (!isOpen) return;
    this.#serviceE2e.add(record.e2eMs - record.lateMs);
    if (record.ttftMs !== null) this.#serviceTtft.add(record.ttftMs - record.lateMs);
  }

  /** A request that was refused before its head. */
  addRefusal(record: LoadRecord): void {
    this.#refusal.add(record.e2eMs - record.lateMs);
  }

  spreads(isLive: boolean): Latencies {
    return {
      ttft_ms: this.#ttft.spread(isLive),
      tpot_ms: this.#tpot.spread(isLive),
      icl_ms: this.#icl.spread(isLive),
      e2e_ms: this.#e2e.spread(isLive),
      stall_ms: this.#stall.spread(isLive),
      service_ttft_ms: this.#serviceTtft.spread(isLive),
      service_e2e_ms: this.#serviceE2e.spread(isLive),
      refusal_ms: this.#refusal.spread(isLive),
      resume_gap_ms: this.#resumeGap.spread(isLive),
    };
  }
}

const MAX_ERRORS = 50;

/** Counts errors by kind; at most {@link MAX_ERRORS} kinds. */
export class ErrorCounts {
  readonly #errors = new Map<string, LoadErrorCount>();

  add({ outcome, code, message }: LoadRecord): void {
    const key = `${outcome} ${code} ${message}`;
    const known = this.#errors.get(key);
    if (known) known.count += 1;
    else if (this.#errors.size < MAX_ERRORS) this.#errors.set(key, { outcome, code, message, count: 1 });
  }

  /** Most frequent first. */
  list(): LoadErrorCount[] {
    return [...this.#errors.values()].sort((a, b) => b.count - a.count).map((error) => ({ ...error }));
  }
}
