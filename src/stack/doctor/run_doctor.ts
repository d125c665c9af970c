import { connectSupervisor } from '../supervisor/control_client.ts';
import { unwatchedServices } from '../supervisor/leftovers.ts';
import type { ServiceStatus } from '../supervisor/service_spec.ts';
import { type Check, type DoctorContext, fail, type Situation } from './check.ts';
import { CHECK_LIST, type ListedCheck } from './check_list.ts';

async function servicesOf({ layout }: DoctorContext): Promise<ServiceStatus[]> {
  const client = await connectSupervisor(layout.planFile);
  return client ? client.status() : unwatchedServices(layout);
}

/** A check that throws is a finding too, and does not stop the others. */
async function guarded({ id, run }: ListedCheck, context: DoctorContext, situation: Situation): Promise<Check> {
  try {
    return await run(context, situation);
  } catch (error) {
    return fail(id, `the check itself failed (${(error as Error).message})`, 'This is a bug.', 'please report it');
  }
}

/** Options of a run. */
export interface DoctorSettings {
  /** What runs; default: asked of the native stack's supervisor. */
  services?: ServiceStatus[];
  /** Default: true. Without streams it takes a fraction of a second. */
  opensStreams?: boolean;
  /** Default: {@link CHECK_LIST}. */
  list?: readonly ListedCheck[];
}

/**
 * Runs all checks, one after another. Returns the findings, without those that only follow from an earlier one.
 *
 * Takes a few seconds with a running stack: it opens real streams.
 */
export async function runDoctor(context: DoctorContext, settings: DoctorSettings = {}): Promise<Check[]> {
  const services = settings.services ?? (await servicesOf(context));
  const situation = { services, nginxRuns: services.some(({ name, healthy }) => name === 'nginx' && healthy) };
  const findings: Check[] = [];
  const unwell = new Set<string>();
  const failed = new Set<string>();
  for (const check of settings.list ?? CHECK_LIST) {
    const { id, applies, needs = [], explainedBy = [], opensStreams = false } = check;
    if (applies?.(context, situation) === false || (opensStreams && settings.opensStreams === false)) continue;
    if (needs.some((other) => failed.has(other))) {
      failed.add(id);
      continue;
    }
    const finding = await guarded(check, context, situation);
    if (finding.result === 'fail') failed.add(id);
    const isExplained = finding.result !== 'ok' && explainedBy.some((other) => unwell.has(other));
    if (finding.result !== 'ok') unwell.add(id);
    if (!isExplained) findings.push(finding);
  }
  return findings;
}
