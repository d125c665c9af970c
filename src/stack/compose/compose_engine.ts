import { findCommand } from '../machine/find_command.ts';
import { type CommandResult, lastLine, runCommand } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';

/** Runs `compose` in a folder, through an engine that was seen to work. */
export interface ComposeEngine {
  run(args: string[], env?: Record<string, string>): Promise<CommandResult>;
}

const MEND = 'start Docker, or leave out --driver compose';

/** Finds Docker with its compose command; throws a {@link StackError} where none runs. */
export async function findComposeEngine(
  root: string,
  searchPath: string,
  environment: NodeJS.ProcessEnv,
): Promise<ComposeEngine> {
  const docker = findCommand('docker', searchPath);
  if (!docker) throw new StackError('docker is not installed', 'install it, or leave out --driver compose');
  const info = await runCommand(docker, ['info']);
  if (info.code !== 0) throw new StackError(`no container engine answers (${lastLine(info.output)})`, MEND);
  const standalone = findCommand('docker-compose', searchPath);
  const hasPlugin = (await runCommand(docker, ['compose', 'version'])).code === 0;
  if (!hasPlugin && !standalone) throw new StackError('docker has no compose command', 'install docker-compose-plugin');
  const [command, first] = hasPlugin ? [docker, ['compose']] : [standalone!, []];
  return {
    run: (args, env = {}) => runCommand(command, [...first, ...args], { cwd: root, env: { ...environment, ...env } }),
  };
}
