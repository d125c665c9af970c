import { existsSync } from 'node:fs';
import { ensureCertificates } from '../certificates/ensure_certificates.ts';
import { writeJsonFile } from '../json_file.ts';
import { lastLine } from '../machine/run_command.ts';
import { instanceNames } from '../stack_addresses.ts';
import type { StackDriver } from '../stack_driver.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';
import { type ComposeEngine, composeStatus, findComposeEngine } from './compose_engine.ts';
import { composeVariables } from './compose_variables.ts';
import { containerPaths, writeContainerConfig, writeContainerFiles } from './container_files.ts';
import { activeStreams, containerPeers, type RunCompose, reloadContainers } from './container_instances.ts';
import { type Account, containerUser } from './private_files.ts';

/** What the Compose driver needs to know. */
export interface ComposeContext {
  layout: StackLayout;
  options: StackOptions;
  searchPath: string;
  /** The account that runs ./weir. */
  self: Account;
  /** Drain time of the instances, in seconds. */
  drainSeconds: number;
  /** With providers and routes; it was checked before. */
  configFile: string | undefined;
  /** Handed to docker-compose.yml, whose variables are named like an instance's. */
  environment: NodeJS.ProcessEnv;
}

/** The service that saves usage, because Redis keeps it in memory only. */
const KEEPER = 'usage';

/** The stack as containers: docker-compose.yml as it is checked in. */
export function composeDriver(context: ComposeContext): StackDriver {
  const { layout, options, self, configFile } = context;
  let found: Promise<ComposeEngine> | undefined;
  const engine = () => {
    found ??= findComposeEngine(layout.root, context.searchPath, context.environment);
    return found;
  };
  const user = async () => containerUser(self, (await engine()).isRootless);
  const compose: RunCompose = async (args, onLine) => {
    const profile = options.redis === 'cluster' ? ['--profile', 'redis-cluster'] : [];
    const variables = composeVariables(context, (await user()).inside);
    return (await engine()).run([...profile, ...args], variables, onLine);
  };
  const must = async (args: string[], onLine?: (line: string) => void): Promise<string> => {
    const { code, output } = await compose(args, onLine);
    if (code === 0) return output;
    throw new StackError(`docker compose ${args[0]} failed (${lastLine(output)})`, 'see docker compose logs');
  };
  const all = async () => composeStatus(await must(['ps', '--all', '--format', 'json']));
  const there = async () => {
    const services = await all();
    return services.some(({ state }) => state !== 'stopped') ? services : [];
  };
  const names = instanceNames(options.instances);
  return {
    startPhases: () => [
      { title: 'Looking for a container engine', run: async () => void (await engine()) },
      { title: 'Checking the certificate', run: () => ensureCertificates(layout.certificates) },
      {
        title: 'Writing the files of the containers',
        run: async () => writeContainerFiles(context, (await user()).outside),
      },
      {
        title: 'Building and starting the containers',
        run: async () => void (await must(['up', '--detach', '--build', '--wait'])),
        undo: async () => void (await must(['down'])),
      },
      { title: 'Keeping the options', run: async () => writeJsonFile(layout.optionsFile, options) },
    ],
    async runState() {
      const services = await there().catch(() => []);
      if (services.length === 0) return 'no';
      return services.some(({ state }) => state === 'stopped') ? 'partly' : 'yes';
    },
    async status() {
      const services = await there();
      const answering = services.find(({ name, healthy }) => healthy && names.includes(name));
      const streams = answering && (await activeStreams(compose, answering.name));
      return services.map((service) => ({ ...service, active_streams: streams?.get(service.name) ?? 0 }));
    },
    async stop(now) {
      const ran = (await there()).length > 0;
      await must(['down', ...(now ? ['--timeout', '0'] : [])]);
      return ran;
    },
    async restart(service) {
      // Usage is saved before Redis stops, and restored right after.
      const losesUsage = service.startsWith('redis');
      if (losesUsage) await must(['stop', KEEPER]);
      try {
        await must(['restart', service]);
      } finally {
        if (losesUsage) await must(['start', KEEPER]);
      }
    },
    async reload() {
      if ((await there()).length === 0) {
        throw new StackError('the stack is not running', 'start it with ./weir start --all --driver compose');
      }
      if (configFile === undefined || !existsSync(containerPaths(layout).config)) {
        throw new StackError(
          'the instances were started without a configuration file',
          'give them one with ./weir restart',
        );
      }
      writeContainerConfig(layout, configFile);
      return reloadContainers(compose, names);
    },
    async rollingRestart() {
      throw new StackError(
        '--rolling works with the native driver only',
        'restart the containers one by one (./weir restart app-1, and so on), each when the one before is healthy',
      );
    },
    async scale() {
      throw new StackError(
        'docker-compose.yml fixes the number of containers',
        'scale the native stack (./weir start --all without --driver compose), or add the instances to docker-compose.yml and src/stack/nginx/compose_plan.ts',
      );
    },
    async peers() {
      await engine();
      return containerPeers(compose, names);
    },
    async logs(service, follow, onLine) {
      await must(['logs', '--tail', '50', ...(follow ? ['--follow'] : []), ...(service ? [service] : [])], onLine);
    },
  };
}
