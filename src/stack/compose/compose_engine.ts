import { type CommandResult, findCommand, lastLine, runCommand } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';
import type { ServiceState, ServiceStatus } from '../supervisor/service_spec.ts';

/** Runs `compose` in a folder, with an engine that answered. */
export interface ComposeEngine {
  /** Whether the account that runs the engine is root inside its containers. */
  isRootless: boolean;
  run(args: string[], env?: Record<string, string>, onLine?: (line: string) => void): Promise<CommandResult>;
}

const START_IT = 'start Docker, or leave out --driver compose';
/** The first version in which an env_file may be missing (`required: false`). */
const OLDEST = [2, 24] as const;

/** `docker info` of Docker, and of Podman under Docker's name. */
const ROOTLESS = /^\s*rootless(: true)?\s*$/m;

/** Finds Docker with its compose command; throws a {@link StackError} where none runs. */
export async function findComposeEngine(
  root: string,
  searchPath: string,
  environment: NodeJS.ProcessEnv,
): Promise<ComposeEngine> {
  const docker = findCommand('docker', searchPath);
  if (!docker) throw new StackError('docker is not installed', 'install it, or leave out --driver compose');
  const info = await runCommand(docker, ['info'], { env: environment });
  if (info.code !== 0) throw new StackError(`no container engine answers (${lastLine(info.output)})`, START_IT);
  const standalone = findCommand('docker-compose', searchPath);
  const plugin = await runCommand(docker, ['compose', 'version', '--short'], { env: environment });
  if (plugin.code !== 0 && !standalone) {
    throw new StackError('docker has no compose command', 'install docker-compose-plugin');
  }
  const [command, first] = plugin.code === 0 ? [docker, ['compose']] : [standalone!, []];
  const version = plugin.code === 0 ? plugin : await runCommand(command, ['version', '--short'], { env: environment });
  refuseOld(lastLine(version.output));
  return {
    isRootless: ROOTLESS.test(info.output),
    run: (args, env = {}, onLine = () => undefined) =>
      runCommand(command, [...first, ...args], { cwd: root, env: { ...environment, ...env }, onLine }),
  };
}

/** @param version as the program prints it; an unknown form is accepted */
function refuseOld(version: string): void {
  const [, major, minor] = (/^v?(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major === undefined || minor === undefined) return;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new StackError(`Docker Compose ${version} is too old`, `install ${OLDEST.join('.')} or newer`);
}

interface ComposeRow {
  Service: string;
  State: string;
  Health?: string;
}

const STATES: Record<string, ServiceState> = { running: 'running', restarting: 'waiting', created: 'starting' };

/** `docker compose ps --format json` as services; it prints an array or a line for each, by version. */
export function composeStatus(output: string): ServiceStatus[] {
  const text = output.trim();
  if (text === '') return [];
  const rows = (
    text.startsWith('[')
      ? JSON.parse(text)
      : text
          .split('\n')
          // Warnings may be printed between them.
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line))
  ) as ComposeRow[];
  return rows.map(({ Service, State, Health }) => ({
    name: Service,
    state: STATES[State] ?? 'stopped',
    // The process belongs to the engine, not to this account.
    pid: null,
    healthy: State === 'running' && (Health === undefined || Health === '' || Health === 'healthy'),
    address: `container sse-${Service}`,
    active_streams: 0,
  }));
}
