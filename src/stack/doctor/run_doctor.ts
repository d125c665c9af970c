import { connectSupervisor } from '../supervisor/control_client.ts';
import type { ServiceStatus } from '../supervisor/service_spec.ts';
import { unwatchedServices } from '../supervisor/unwatched.ts';
import { checkCertificate, checkTrust } from './certificate_checks.ts';
import { type Check, type DoctorContext, fail } from './check.ts';
import { checkApiUrl, checkCors, checkReachable, checkRedisAndClock } from './gateway_checks.ts';
import {
  checkConfiguration,
  checkDisk,
  checkFileLimit,
  checkPorts,
  checkPrograms,
  checkRuntime,
} from './machine_checks.ts';
import { checkRedisServer } from './redis_checks.ts';
import { checkConsole, checkInstances, checkNginxRuns, checkPartial, checkSupervisor } from './stack_checks.ts';
import { checkBalance, checkUnbuffered } from './stream_checks.ts';

/** Asked for when nothing runs would only repeat that nothing runs. */
async function runningChecks(context: DoctorContext, services: ServiceStatus[]): Promise<Check[]> {
  const server = context.options.driver === 'native' ? [await checkRedisServer(context)] : [];
  if (!context.options.all) return [checkPartial(), ...server];
  const reachable = await checkReachable(context);
  const inside = [checkInstances(services), checkConsole(services), reachable, await checkApiUrl(context)];
  if (reachable.result === 'fail') return inside;
  const rest = [...server, ...(await checkRedisAndClock(context)), await checkCors(context)];
  return [...inside, ...rest, await checkUnbuffered(context), await checkBalance(context)];
}

async function servicesOf({ layout }: DoctorContext): Promise<ServiceStatus[]> {
  const client = await connectSupervisor(layout.planFile);
  return client ? client.status() : unwatchedServices(layout);
}

/** A check that fails by itself is a finding too, and no reason to keep the others back. */
async function guarded(id: string, check: () => Check | Check[] | Promise<Check | Check[]>): Promise<Check[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    return [fail(id, `the check itself failed (${(error as Error).message})`, 'This is a bug.', 'please report it')];
  }
}

/**
 * Every check, in the order in which a fault shows: machine, files, processes, requests.
 *
 * Takes a few seconds with a running stack: it opens real streams. `services` is what runs (default: asked of the
 * native stack's supervisor).
 */
export async function runDoctor(context: DoctorContext, services?: ServiceStatus[]): Promise<Check[]> {
  const found = services ?? (await servicesOf(context));
  const runs = found.some(({ name, healthy }) => name === 'nginx' && healthy);
  const isContainer = context.options.driver === 'compose';
  const groups = [
    guarded('runtime', () => checkRuntime()),
    isContainer ? [] : guarded('programs', () => checkPrograms(context)),
    isContainer ? [] : guarded('nginx_config', () => checkConfiguration(context)),
    guarded('ports', () => checkPorts(context, runs)),
    guarded('file_limit', () => checkFileLimit(context)),
    guarded('disk', () => checkDisk(context)),
    guarded('certificate', () => checkCertificate(context)),
    guarded('certificate_trust', () => checkTrust(context, runs)),
    guarded('nginx_running', () => checkNginxRuns(found)),
    isContainer || found.length === 0 ? [] : guarded('supervisor', () => checkSupervisor(found)),
  ];
  const machine = (await Promise.all(groups)).flat();
  return [...machine, ...(runs ? await guarded('stack', () => runningChecks(context, found)) : [])];
}
