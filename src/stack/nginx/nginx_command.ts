import { fileURLToPath } from 'node:url';
import { runCommand } from '../machine/run_command.ts';

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
 * How NGINX is started. With a `perl` that {@link canListenForNginx}, a client that vanishes without a word is noticed
 * after 30 s without an acknowledgement, instead of a quarter of an hour; see `listen_for_nginx.pl`. The process is
 * NGINX either way.
 *
 * @param listen all that the configuration listens on, as it stands there
 */
export function nginxCommand(nginx: Command, listen: string[], perl: string | undefined): Command {
  if (perl === undefined) return nginx;
  return { command: perl, args: [OPENER, ...listen, '--', nginx.command, ...nginx.args] };
}
