import { createServer } from 'node:net';
import { StackError } from '../stack_error.ts';
import { portOwner } from './port_owner.ts';

/** HTTP's: whoever lifts the border for 443 needs it for 80 too. */
const LOWEST_PORT = 80;

function tryListen(port: number, host: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * Why `port` can't be had on `host`, with the mend; undefined when it is free.
 *
 * `flag` is the option that chooses another one.
 */
export async function portProblem(port: number, host: string, flag: string): Promise<StackError | undefined> {
  const error = await tryListen(port, host);
  if (!error) return undefined;
  const other = port < 1024 ? port + 8000 : port + 1;
  if (error.code === 'EADDRINUSE') {
    const owner = portOwner(port);
    const who = owner ? `${owner.name} (pid ${owner.pid})` : 'a process of another account';
    return new StackError(`port ${port} is taken by ${who}`, `stop it, or choose another port with ${flag} ${other}`);
  }
  if (error.code === 'EACCES') {
    return new StackError(
      `this account may not use port ${port} (ports below 1024 belong to root)`,
      `run with sudo, allow it with "sudo sysctl net.ipv4.ip_unprivileged_port_start=${LOWEST_PORT}", or choose ${flag} ${other}`,
    );
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return new StackError(`this machine has no address ${host}`, 'choose one that it has with --bind');
  }
  return new StackError(`port ${port} on ${host} cannot be used (${error.message})`, `choose another with ${flag}`);
}
