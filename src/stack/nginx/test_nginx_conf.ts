import { lastLine, runCommand } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';
import { parseNginxVersion } from './nginx_version.ts';

/** Older ones can't keep their first messages out of the system's log folder (`-e`). */
export const OLDEST_NGINX = '1.19.5';

/** NGINX's version; throws a {@link StackError} when the program doesn't say one. */
export async function nginxVersion(command: string): Promise<string> {
  const { output } = await runCommand(command, ['-v']);
  const version = parseNginxVersion(output);
  if (!version) {
    throw new StackError(
      `${command} does not tell its version (${lastLine(output)})`,
      `install NGINX ${OLDEST_NGINX} or newer`,
    );
  }
  return version;
}

/** `nginx -t`: undefined when the file is good, else NGINX's own words. */
export async function nginxConfProblem(command: string, prefix: string, conf: string): Promise<string | undefined> {
  const { code, output } = await runCommand(command, ['-t', '-q', '-p', prefix, '-c', conf, '-e', 'stderr']);
  return code === 0 ? undefined : lastLine(output.split('\n').find((line) => line.includes('[emerg]')) ?? output);
}
