import type { LoadReport } from './load_report.ts';
import type { LoadRecord } from './record.ts';
import { Samples } from './samples.ts';

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
