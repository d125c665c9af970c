import { Samples } from './samples.ts';

/** Whether the figures are of the server, or of a generator that could not keep up. */
export interface SelfCheck {
  ok: boolean;
  /** Sentences; empty where all is well. */
  reasons: string[];
  /** 99th percentile of how late the generator did what was due; null where it was too short to tell. */
  schedule_lag_ms: number | null;
  /** CPU of the generator's process while it measured, 1 being a whole core; null in a browser, or where it was too short to tell. */
  cpu_share: number | null;
  /** Files, and so connections, that its process may open; null where it isn't known. */
  file_limit: number | null;
}

/** What was seen of the generator. */
export interface GeneratorFacts {
  scheduleLagMs: number | null;
  cpuShare: number | null;
  fileLimit: number | null;
  /** Connections that the plan may need at once. */
  connections: number;
}

/** Later than this, the clock of each request is the generator's. */
const MAX_LAG_MS = 100;
/** A process of one thread that is nearer to a whole core has no room for what comes at once. */
const MAX_CPU_SHARE = 0.9;
/** For what a process holds open besides its connections. */
const SPARE_FILES = 50;

export function selfCheck({ scheduleLagMs, cpuShare, fileLimit, connections }: GeneratorFacts): SelfCheck {
  const reasons: string[] = [];
  if (scheduleLagMs !== null && scheduleLagMs > MAX_LAG_MS) {
    reasons.push(
      `The generator was ${Math.round(scheduleLagMs)} ms late (p99): use fewer streams, or a machine with more to spare.`,
    );
  }
  if (cpuShare !== null && cpuShare > MAX_CPU_SHARE) {
    reasons.push(
      `The generator used ${Math.round(cpuShare * 100)} % of a core: use fewer streams, or several processes.`,
    );
  }
  if (fileLimit !== null && connections + SPARE_FILES > fileLimit) {
    const needed = connections + SPARE_FILES;
    reasons.push(`The generator may open ${fileLimit} files, and this needs about ${needed}: raise "ulimit -n".`);
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

/** How late the event loop comes to what is due: what a closed loop has instead of a schedule. */
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
