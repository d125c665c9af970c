import { OUTCOMES, type Outcome } from './outcome.ts';
import type { LoadRecord } from './record.ts';
import { Samples, type Spread } from './samples.ts';
import { type SeriesPoint, TimeSeries } from './time_series.ts';

/** Shape of `load --json`. Latencies are of `ok` requests only; times in milliseconds. */
export interface LoadReport {
  /** Requests that have ended. */
  requests: number;
  outcomes: Record<Outcome, number>;
  /** By `X-Instance-Id`; a refusal counts under the instance that refused. */
  instances: Record<string, { requests: number; ok: number }>;
  ttft_ms: Spread | null;
  tpot_ms: Spread | null;
  icl_ms: Spread | null;
  e2e_ms: Spread | null;
  /** Time until a 429 or 503 was there. */
  refusal_ms: Spread | null;
  /** Streams that went on over another connection and still ended `ok`; null where none was resumable. */
  resumed: number | null;
  /** Gaps of those streams, from the last event on one connection to the first on the next. */
  resume_gap_ms: Spread | null;
  /** Output tokens of all requests. */
  tokens: number;
  /** Start of the run to its last event. */
  duration_ms: number;
  /** Requests that ended `ok`, per second. */
  streams_per_second: number;
  /** Whether answers came through the balancer; null where none came. */
  via: 'nginx' | 'direct' | 'mixed' | null;
  /** What went wrong, most frequent first, at most {@link MAX_ERRORS} kinds. */
  errors: LoadErrorCount[];
}

export interface LoadErrorCount {
  outcome: Outcome;
  code: string | null;
  message: string | null;
  count: number;
}

/** The report so far, and what only a live view needs. */
export interface LoadSnapshot extends LoadReport {
  /** Requests under way. */
  active: number;
  /** Streams under way whose instance is known. */
  active_by_instance: Record<string, number>;
  series: SeriesPoint[];
}

const MAX_ERRORS = 50;

/** Adds records up. Feeds the command line, the dashboard and the exports alike. */
export class Summary {
  readonly #outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  readonly #instances = new Map<string, { requests: number; ok: number }>();
  readonly #ttft = new Samples();
  readonly #tpot = new Samples();
  readonly #icl = new Samples();
  readonly #e2e = new Samples();
  readonly #refusal = new Samples();
  readonly #resumeGap = new Samples();
  readonly #errors = new Map<string, LoadErrorCount>();
  readonly #vias = new Set<'nginx' | 'direct'>();
  readonly #series = new TimeSeries();
  /** Instance of each request under way, by index; null until its head is there. */
  readonly #active = new Map<number, string | null>();
  #requests = 0;
  #tokens = 0;
  #resumed: number | null = null;
  #lastMs = 0;

  /** A request starts, `atMs` since the start of the run. */
  start(index: number, atMs: number): void {
    this.#active.set(index, null);
    this.#mark(atMs);
  }

  /** Its head came, from this instance. */
  head(index: number, instance: string | null): void {
    if (this.#active.has(index)) this.#active.set(index, instance);
  }

  /**
   * It ended. `gapsMs` are the gaps between its chunks with content, `resumeGapsMs` those in which it went on over
   * another connection; they count where it ended `ok`.
   */
  add(record: LoadRecord, gapsMs: readonly number[] = [], resumeGapsMs: readonly number[] = []): void {
    this.#active.delete(record.index);
    this.#requests += 1;
    this.#outcomes[record.outcome] += 1;
    this.#tokens += record.tokens;
    if (record.reconnects !== null) this.#resumed ??= 0;
    if (record.status !== null) this.#vias.add(record.via === 'nginx' ? 'nginx' : 'direct');
    if (record.instance !== null) this.#addInstance(record.instance, record.outcome === 'ok');
    if (record.outcome === 'ok') {
      this.#e2e.add(record.e2eMs);
      if (record.ttftMs !== null) this.#ttft.add(record.ttftMs);
      if (record.tpotMs !== null) this.#tpot.add(record.tpotMs);
      for (const gap of gapsMs) this.#icl.add(gap);
      for (const gap of resumeGapsMs) this.#resumeGap.add(gap);
      if (record.reconnects) this.#resumed! += 1;
    } else {
      if (isRefusal(record)) this.#refusal.add(record.e2eMs);
      if (record.outcome !== 'cancelled') this.#addError(record);
    }
    this.#mark(record.startMs + record.e2eMs);
  }

  /** The shape of `load --json`. */
  report(nowMs: number = this.#lastMs): LoadReport {
    const vias = [...this.#vias];
    return {
      requests: this.#requests,
      outcomes: { ...this.#outcomes },
      instances: Object.fromEntries(
        [...this.#instances].sort(([a], [b]) => byName.compare(a, b)).map(([id, counts]) => [id, { ...counts }]),
      ),
      ttft_ms: this.#ttft.spread(),
      tpot_ms: this.#tpot.spread(),
      icl_ms: this.#icl.spread(),
      e2e_ms: this.#e2e.spread(),
      refusal_ms: this.#refusal.spread(),
      resumed: this.#resumed,
      resume_gap_ms: this.#resumeGap.spread(),
      tokens: this.#tokens,
      duration_ms: Math.round(nowMs),
      streams_per_second: nowMs > 0 ? Math.round((this.#outcomes.ok * 1_000_000) / nowMs) / 1000 : 0,
      via: vias.length > 1 ? 'mixed' : (vias[0] ?? null),
      errors: [...this.#errors.values()].sort((a, b) => b.count - a.count).map((error) => ({ ...error })),
    };
  }

  /** For live views; `nowMs` since the start of the run. */
  snapshot(nowMs: number = this.#lastMs): LoadSnapshot {
    const byInstance: Record<string, number> = {};
    for (const instance of this.#active.values()) {
      if (instance !== null) byInstance[instance] = (byInstance[instance] ?? 0) + 1;
    }
    return {
      ...this.report(nowMs),
      active: this.#active.size,
      active_by_instance: byInstance,
      series: this.#series.points(nowMs),
    };
  }

  #addInstance(id: string, ok: boolean): void {
    const counts = this.#instances.get(id) ?? { requests: 0, ok: 0 };
    counts.requests += 1;
    if (ok) counts.ok += 1;
    this.#instances.set(id, counts);
  }

  #addError({ outcome, code, message }: LoadRecord): void {
    const key = `${outcome} ${code} ${message}`;
    const known = this.#errors.get(key);
    if (known) known.count += 1;
    else if (this.#errors.size < MAX_ERRORS) this.#errors.set(key, { outcome, code, message, count: 1 });
  }

  #mark(atMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, atMs);
    const { ok, '429': tooMany, '503': unavailable } = this.#outcomes;
    const refused = tooMany + unavailable;
    this.#series.set(this.#lastMs, {
      active: this.#active.size,
      ok,
      refused,
      failed: this.#requests - ok - refused,
    });
  }
}

/** Refused before its head, not failed after it. */
function isRefusal(record: LoadRecord): boolean {
  return (record.outcome === '429' || record.outcome === '503') && record.status !== 200;
}

/** app-2 before app-10. */
const byName = new Intl.Collator('en', { numeric: true });
