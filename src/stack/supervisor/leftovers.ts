import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readJsonFile } from '../json_file.ts';
import type { StackLayout } from '../stack_layout.ts';
import { askActiveStreams, askHealth } from './ask_health.ts';
import { readPlan } from './control_client.ts';
import { isSameProcess, type ProcessIdentity } from './process_identity.ts';
import type { ServiceStatus } from './service_spec.ts';

/** The problem and its fix, when {@link unwatchedServices} finds some. */
export const UNWATCHED = {
  what: "the stack's supervisor is gone, and its processes run without supervision",
  fix: 'start it again with ./weir start --all, or end the processes with ./weir stop',
};

/**
 * The services that still run after their supervisor was killed. Ask only when no supervisor answers; empty when
 * nothing was left.
 */
export async function unwatchedServices(layout: StackLayout): Promise<ServiceStatus[]> {
  const left = ((readJsonFile(layout.processesFile) as ProcessIdentity[] | undefined) ?? []).filter(isSameProcess);
  const pids = new Map(left.map(({ name, pid }) => [name, pid]));
  const specs = (readPlan(layout.planFile)?.services ?? []).filter(({ name }) => pids.has(name));
  return Promise.all(
    specs.map(async (spec) => {
      const [healthy, streams] = await Promise.all([askHealth(spec.health), askActiveStreams(spec)]);
      const { name, address } = spec;
      return { name, state: 'unwatched' as const, pid: pids.get(name)!, healthy, address, active_streams: streams };
    }),
  );
}

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
 * Removes the leftovers of a supervisor that was killed (or of a machine that lost power): its processes, recognised by
 * pid and start time, its sockets and its files.
 *
 * Call it only when no supervisor answers. Returns the names of the processes that it ended.
 */
export async function clearLeftovers(layout: StackLayout): Promise<string[]> {
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
