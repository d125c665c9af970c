import { fileURLToPath } from 'node:url';
import { lastLine, runCommand } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';

/** Whether `version` (such as `1.22.1`) is at least `wanted`; anything else counts as old. */
export function isAtLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number);
  for (const [index, part] of wanted.split('.').map(Number).entries()) {
    const own = have[index] ?? 0;
    if (Number.isNaN(own) || own < part) return false;
    if (own > part) return true;
  }
  return true;
}

/** `nginx version: nginx/1.22.1` → `1.22.1`; undefined when the text names none. */
export function parseNginxVersion(output: string): string | undefined {
  return /nginx\/(\d+\.\d+\.\d+)/.exec(output)?.[1];
}

/** Older versions write their first messages to the system's log folder (they have no `-e`). */
export const OLDEST_NGINX = '1.19.5';

/** NGINX's version; throws a {@link StackError} when the program doesn't say one. */
export async function nginxVersion(command: string): Promise<string> {
  const { output } = await runCommand(command, ['-v']);
  const version = parseNginxVersion(output);
  if (!version) {
    throw new StackError(
      `${command} does not print its version (${lastLine(output)})`,
      `install NGINX ${OLDEST_NGINX} or newer`,
    );
  }
  return version;
}

/** `nginx -t`: undefined when the file is valid, otherwise NGINX's message. */
export async function nginxConfProblem(command: string, prefix: string, conf: string): Promise<string | undefined> {
  const { code, output } = await runCommand(command, ['-t', '-q', '-p', prefix, '-c', conf, '-e', 'stderr']);
  return code === 0 ? undefined : lastLine(output.split('\n').find((line) => line.includes('[emerg]')) ?? output);
}

const OPENER = fileURLToPath(new URL('listen_for_nginx.pl', import.meta.url));

/** A program and its arguments. */
export interface Command {
  command: string;
  args: string[];
}

/** Whether this Perl can open sockets for NGINX: its modules are there, and the system knows the limit. */
export async function canListenForNginx(perl: string): Promise<boolean> {
  return (await runCommand(perl, ['-c', OPENER])).code === 0;
}

/**
 * How NGINX is started. With a `perl` that {@link canListenForNginx}, a client that vanishes is noticed after 30 s without
 * an acknowledgement instead of 15 minutes; see `listen_for_nginx.pl`. The process is NGINX in both cases.
 *
 * @param listen the addresses in the configuration's `listen` directives
 */
export function nginxCommand(nginx: Command, listen: string[], perl: string | undefined): Command {
  if (perl === undefined) return nginx;
  return { command: perl, args: [OPENER, ...listen, '--', nginx.command, ...nginx.args] };
}
