import { readJsonFile } from '../json_file.ts';
import type { StackLayout } from '../stack_layout.ts';
import { askActiveStreams, askHealth } from './ask_health.ts';
import { readPlan } from './control_client.ts';
import { isSameProcess, type ProcessIdentity } from './process_identity.ts';
import type { ServiceStatus } from './service_spec.ts';

/** What is wrong, and what mends it, when {@link unwatchedServices} finds some. */
export const UNWATCHED = {
  what: "the stack's supervisor is gone, and its processes run on unwatched",
  mend: 'bring it back with ./weir start --all, or end them with ./weir stop',
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
