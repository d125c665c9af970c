import { Samples } from './samples.ts';

/** Whether the generator kept up, so that the figures describe the server. */
export interface SelfCheck {
  ok: boolean;
  /** Sentences; empty if `ok`. */
  reasons: string[];
  /** 99th percentile of the generator's delay; null if the run was too short. */
  schedule_lag_ms: number | null;
  /** CPU of the generator's process as a share of one core; null in a browser, or if the run was too short. */
  cpu_share: number | null;
  /** Files (and so connections) that its process may open; null if unknown. */
  file_limit: number | null;
}

/** Measurements of the generator. */
export interface GeneratorFacts {
  scheduleLagMs: number | null;
  cpuShare: number | null;
  fileLimit: number | null;
  /** Connections that the plan may need at once. */
  connections: number;
}

/** Above this, the generator's delay distorts the latencies. */
const MAX_LAG_MS = 100;
/** Above this, a single thread has no reserve for bursts. */
const MAX_CPU_SHARE = 0.9;
/** Files that the process needs besides its connections. */
const SPARE_FILES = 50;

export function selfCheck({ scheduleLagMs, cpuShare, fileLimit, connections }: GeneratorFacts): SelfCheck {
  const reasons: string[] = [];
  if (scheduleLagMs !== null && scheduleLagMs > MAX_LAG_MS) {
    reasons.push(
      `The generator was ${Math.round(scheduleLagMs)} ms late (p99): use fewer streams or a faster machine.`,
    );
  }
  if (cpuShare !== null && cpuShare > MAX_CPU_SHARE) {
    reasons.push(
      `The generator used ${Math.round(cpuShare * 100)} % of a core: use fewer streams or several processes.`,
    );
  }
  if (fileLimit !== null && connections + SPARE_FILES > fileLimit) {
    const needed = connections + SPARE_FILES;
    reasons.push(`The generator needs about ${needed} open files, but the limit is ${fileLimit}: raise "ulimit -n".`);
  }
  const rounded = (value: number | null) => (value === null ? null : Math.round(value * 1000) / 1000);
  return {
    ok: reasons.length === 0,
    reasons,
    schedule_lag_ms: rounded(scheduleLagMs),
    cpu_share: rounded(cpuShare),
    file_limit: fileLimit,
  };
}

const EVERY_MS = 20;

/** Measures the delay of the event loop: a closed loop has no schedule to compare with. */
export class LagMeter {
  readonly samples = new Samples();
  readonly #timer: ReturnType<typeof setInterval>;
  #lastMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.samples.add(Math.max(0, now - this.#lastMs - EVERY_MS));
      this.#lastMs = now;
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
