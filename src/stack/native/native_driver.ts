import { setTimeout as delay } from 'node:timers/promises';
import { readJsonFile } from '../json_file.ts';
import type { StackDriver } from '../stack_driver.ts';
import { StackError } from '../stack_error.ts';
import { type ControlClient, connectSupervisor, readPlan } from '../supervisor/control_client.ts';
import { clearLeftovers, UNWATCHED, unwatchedServices } from '../supervisor/leftovers.ts';
import { isSameProcess, type ProcessIdentity } from '../supervisor/process_identity.ts';
import { socketPeers } from '../usage/read_usage.ts';
import { rollingRestartPhases, scalePhases } from './change_phases.ts';
import type { NativeContext } from './native_context.ts';
import { startPhases } from './start_phases.ts';

const GONE_WITHIN_MS = 10_000;
const POLL_MS = 20;

async function untilGone(processes: ProcessIdentity[]): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  while (processes.some(isSameProcess)) {
    if (Date.now() > deadline) {
      const pids = processes.filter(isSameProcess).map(({ name, pid }) => `${name} (pid ${pid})`);
      throw new StackError(`still running: ${pids.join(', ')}`, 'end them with kill');
    }
    await delay(POLL_MS);
  }
}

/** The stack as processes of this machine, owned by one supervisor. */
export function nativeDriver(context: NativeContext): StackDriver {
  const { layout } = context;
  const supervisor = (): Promise<ControlClient | undefined> => connectSupervisor(layout.planFile);
  const running = async (): Promise<ControlClient> => {
    const client = await supervisor();
    if (client) return client;
    if ((await unwatchedServices(layout)).length > 0) throw new StackError(UNWATCHED.what, UNWATCHED.fix);
    throw new StackError('the stack is not running', 'start it with ./weir start --all');
  };
  return {
    startPhases: () => startPhases(context),
    async runState() {
      const services = await (await supervisor())?.status();
      if (!services) return 'no';
      return services.some(({ state }) => state === 'stopped' || state === 'starting') ? 'partly' : 'yes';
    },
    async status() {
      return (await (await supervisor())?.status()) ?? unwatchedServices(layout);
    },
    async stop(now) {
      const processes = (readJsonFile(layout.processesFile) as ProcessIdentity[] | undefined) ?? [];
      const client = await supervisor();
      if (!client) return (await clearLeftovers(layout)).length > 0;
      await client.stop(now);
      await untilGone(processes);
      return true;
    },
    async restart(service) {
      await (await running()).restart(service);
    },
    async reload() {
      const client = await running();
      const has = readPlan(layout.planFile)?.settings.configFile;
      if (has === undefined || has !== context.configFile) {
        const problem = has === undefined ? 'without a configuration file' : `with ${has}`;
        throw new StackError(`the instances were started ${problem}`, 'change it with ./weir restart');
      }
      return client.reload();
    },
    async rollingRestart() {
      return rollingRestartPhases(await running());
    },
    async scale(instances) {
      return scalePhases(context, await running(), instances);
    },
    async peers() {
      return socketPeers(layout, context.options);
    },
  };
}
