import { readFileSync } from 'node:fs';

/** Identifies a process, also when a later process gets the same pid. */
export interface ProcessIdentity {
  name: string;
  pid: number;
  /** Clock ticks since boot, from /proc; empty where the system has none. */
  startedAt: string;
}

/** When the process began, from the 22nd field of /proc/<pid>/stat (the name before it may hold spaces). */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Whether a process with this pid exists; one of another account counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether this process still runs. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return isAlive(identity.pid) && startTime(identity.pid) === identity.startedAt;
}
