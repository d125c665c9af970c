import { readJsonFile, writeJsonFile } from '../json_file.ts';
import { fileLimit } from '../machine/file_limit.ts';
import { instanceAddresses } from '../nginx/native_plan.ts';
import type { Phase } from '../phases.ts';
import { instanceSpecs } from '../service_specs.ts';
import { instanceNames } from '../stack_addresses.ts';
import { StackError } from '../stack_error.ts';
import type { StackOptions } from '../stack_options.ts';
import { type ControlClient, readPlan } from '../supervisor/control_client.ts';
import type { ServiceStatus } from '../supervisor/service_spec.ts';
import type { NativeContext } from './native_context.ts';

async function instancesOf(client: ControlClient): Promise<ServiceStatus[]> {
  const instances = (await client.status()).filter(({ name }) => name.startsWith('app-'));
  if (instances.length > 0) return instances;
  throw new StackError('NGINX and Redis run alone; there are no instances', 'add them with ./weir start --all');
}

/** One phase per instance. A failure stops there: earlier instances are restarted, later ones are not. */
export async function rollingRestartPhases(client: ControlClient): Promise<Phase[]> {
  const instances = await instancesOf(client);
  if (instances.length === 1) {
    const fix = 'add a second one with ./weir scale 2, or accept a gap with ./weir restart';
    throw new StackError('one instance can not leave without a gap', fix);
  }
  return instances.map(({ name }) => ({
    title: `Restarting ${name}, whose streams finish first`,
    run: async () => {
      const before = (await client.status()).find((service) => service.name === name);
      await client.restart(name, true).catch(async (error: Error) => {
        throw new StackError(problemOf(error), await nextStep(client, name));
      });
      const after = (await client.status()).find((service) => service.name === name);
      return `${name} is back (pid ${before?.pid ?? '-'} → ${after?.pid ?? '-'})`;
    },
  }));
}

/** What to do after `name` did not come back. A stop of the stack in between looks like a failure too. */
async function nextStep(client: ControlClient, name: string): Promise<string> {
  const services = await client.status().catch(() => []);
  const others = services.filter((service) => service.name !== name && service.name.startsWith('app-'));
  if (!others.some(({ state }) => state === 'running')) return 'no other instance serves now, see ./weir status';
  return `the other instances keep serving; see ./weir logs ${name}, then continue with ./weir restart ${name}`;
}

function problemOf(error: Error): string {
  return error instanceof StackError ? error.problem : error.message;
}

function scaleTitle(from: string[], to: string[]): string {
  const added = to.filter((name) => !from.includes(name));
  const leaving = from.filter((name) => !to.includes(name));
  if (added.length > 0) return `Starting ${added.join(', ')}, then adding them to NGINX`;
  return `Removing ${leaving.join(', ')} from NGINX, then waiting for their streams`;
}

/** Brings the running stack to `count` instances. */
export async function scalePhases(context: NativeContext, client: ControlClient, count: number): Promise<Phase[]> {
  const { layout, options } = context;
  const running = (await instancesOf(client)).map(({ name }) => name);
  const settings = readPlan(layout.planFile)?.settings;
  if (!settings) throw new StackError(`${layout.planFile} can not be read`, 'restart the stack with ./weir restart');
  const wanted = { ...options, instances: count };
  const { files, workerConnections, streams } = fileLimit(count * options.maxConnections);
  const keep = (instances: number) => {
    const kept = (readJsonFile(layout.optionsFile) as StackOptions | undefined) ?? options;
    writeJsonFile(layout.optionsFile, { ...kept, instances });
  };
  if (running.join() === instanceNames(count).join()) return [];
  return [
    {
      title: scaleTitle(running, instanceNames(count)),
      run: async () => {
        // Saved first: the supervisor continues even if this command is ended.
        keep(count);
        const nginx = { instances: instanceAddresses(layout, count), workerConnections, fileLimit: files };
        await client.scale({ instances: instanceSpecs(layout, wanted, settings), nginx }).catch((error: Error) => {
          keep(options.instances);
          throw new StackError(
            problemOf(error),
            'the instances that ran before keep serving; see ./weir logs supervisor',
          );
        });
        if (count < running.length || streams >= count * options.maxConnections) return undefined;
        return `the file limit (${files}) allows ${streams} of ${count * options.maxConnections} streams at once`;
      },
    },
  ];
}
