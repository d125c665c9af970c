import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const SAMPLE_MS = 5_000;
/** Above these limits (CPU time taken by the host, waiting for memory, load) a run counts as starved. */
const STOLEN_SHARE = 0.05;
const MEMORY_WAIT_SHARE = 0.01;
const LOAD_PER_CORE = 3;

/** Counters of Linux; zero where they are missing (another system, an older kernel). */
interface Sample {
  /** Ticks of all cores since the machine started, and how many of them the host gave to other machines. */
  ticks: number;
  stolen: number;
  /** Microseconds since then in which something waited for memory. */
  memoryWait: number;
  /** Processes that ran or wanted to, over the last minute. */
  load: number;
  at: number;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function takeSample(): Sample {
  const ticks = (/^cpu +(.*)/m.exec(read('/proc/stat'))?.[1] ?? '').split(' ').map(Number);
  return {
    // The last two are counted in the first two already.
    ticks: ticks.slice(0, 8).reduce((sum, each) => sum + each, 0),
    stolen: ticks[7] ?? 0,
    memoryWait: Number(/^some.* total=(\d+)/m.exec(read('/proc/pressure/memory'))?.[1] ?? 0),
    load: Number.parseFloat(read('/proc/loadavg')) || 0,
    at: performance.now(),
  };
}

/** How much of the machine a test run got, from `samples` in order. */
export function describeMachine(samples: readonly Sample[], cores: number): { isStarved: boolean; sentence: string } {
  const first = samples[0]!;
  const last = samples.at(-1)!;
  const share = (part: number, of: number) => (of > 0 ? part / of : 0);
  const stolen = share(last.stolen - first.stolen, last.ticks - first.ticks);
  const worst = Math.max(
    ...samples.slice(1).map((each, at) => share(each.stolen - samples[at]!.stolen, each.ticks - samples[at]!.ticks)),
    0,
  );
  const memoryWait = share(last.memoryWait - first.memoryWait, (last.at - first.at) * 1000);
  const loads = samples.map(({ load }) => load);
  const load = loads.reduce((sum, each) => sum + each, 0) / loads.length;
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  return {
    isStarved: stolen > STOLEN_SHARE || memoryWait > MEMORY_WAIT_SHARE || load > LOAD_PER_CORE * cores,
    sentence:
      `its host took ${percent(stolen)} of its CPU time (at worst ${percent(worst)} over five seconds), the load was ` +
      `${load.toFixed(1)} on ${cores} cores (at most ${Math.max(...loads).toFixed(1)}), ` +
      `and ${percent(memoryWait)} of the time something waited for memory`,
  };
}

/** Watches the machine until the returned function is called, which reports the result. */
export function watchMachine(): () => ReturnType<typeof describeMachine> {
  const samples = [takeSample()];
  const timer = setInterval(() => samples.push(takeSample()), SAMPLE_MS);
  return () => {
    clearInterval(timer);
    samples.push(takeSample());
    return describeMachine(samples, availableParallelism());
  };
}
