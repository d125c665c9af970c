import { readFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import type { GeneratorMeter } from '../run_load.ts';

/** Streams that one HTTP/2 connection carries, at the least. */
const STREAMS_PER_CONNECTION = 100;
/** A run that is shorter says nothing: its first connections are most of it. */
const SHORT_MS = 1000;

/** What this process uses of the machine, for the self-check. `isMultiplexed`: streams share connections (HTTP/2). */
export function nodeMeter(isMultiplexed: boolean, users: number): GeneratorMeter {
  let since = { usage: cpuUsage(), atMs: performance.now() };
  return {
    fileLimit: fileLimit(),
    connections: (streams) => {
      return isMultiplexed ? Math.max(Math.min(users, streams), Math.ceil(streams / STREAMS_PER_CONNECTION)) : streams;
    },
    begin: () => {
      since = { usage: cpuUsage(), atMs: performance.now() };
    },
    cpuShare: () => {
      const { user, system } = cpuUsage(since.usage);
      const tookMs = performance.now() - since.atMs;
      return tookMs > SHORT_MS ? (user + system) / 1000 / tookMs : null;
    },
  };
}

/** The soft limit of open files; null where the system doesn't say. */
function fileLimit(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line ? Number(line[1]) : null;
  } catch {
    return null;
  }
}
