import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readJsonFile } from '../json_file.ts';
import type { StackLayout } from '../stack_layout.ts';
import { readPlan } from './control_client.ts';
import { isSameProcess, type ProcessIdentity } from './process_identity.ts';

const TERM_MS = 3000;
const POLL_MS = 50;

function remaining(file: string): ProcessIdentity[] {
  return ((readJsonFile(file) as ProcessIdentity[] | undefined) ?? []).filter(isSameProcess);
}

function signalAll(processes: ProcessIdentity[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      // Each service leads a group of its own, so that NGINX's workers go with it.
      process.kill(-pid, signal);
    } catch {}
  }
}

/**
 * Clears away what a supervisor left that was killed itself (or the machine, when it lost power): its processes,
 * recognised by pid and time of birth, its sockets and its notes.
 *
 * Call it only when no supervisor answers. Returns the names of the processes that it ended.
 */
export async function clearRemains(layout: StackLayout): Promise<string[]> {
  const found = remaining(layout.processesFile);
  signalAll(found, 'SIGTERM');
  const deadline = Date.now() + TERM_MS;
  while (remaining(layout.processesFile).length > 0 && Date.now() < deadline) await delay(POLL_MS);
  signalAll(remaining(layout.processesFile), 'SIGKILL');
  while (remaining(layout.processesFile).length > 0) await delay(POLL_MS);
  rmSync(readPlan(layout.planFile)?.run ?? layout.run, { recursive: true, force: true });
  rmSync(layout.processesFile, { force: true });
  rmSync(layout.planFile, { force: true });
  return found.map(({ name }) => name);
}
