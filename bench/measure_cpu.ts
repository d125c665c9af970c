import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time, user and system, that these processes have used since their start, in microseconds. The scheduler's own
 * count is read, thread by thread: it is exact to the nanosecond, where `times()` counts ticks of 10 ms.
 */
export function cpuMicroseconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    }
  }
  return nanoseconds / 1000;
}

/** The children of a process: NGINX's worker, for the process id of its master. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
