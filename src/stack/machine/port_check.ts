import { createServer } from 'node:net';
import { StackError } from '../stack_error.ts';
import { portOwner } from './port_owner.ts';

/** HTTP's: whoever lifts the border for 443 needs it for 80 too. */
const LOWEST_PORT = 80;

/** A port that is needed: where, and which option chooses another one. */
export interface WantedPort {
  port: number;
  host: string;
  flag: string;
}

/** Why a port can't be had. */
interface PortProblem {
  what: string;
  /** What mends it beside another port; empty where nothing does. */
  remedy: string;
  /** The option that would avoid it. */
  choice: string;
}

function tryListen({ port, host }: WantedPort): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function problemOf(wanted: WantedPort): Promise<PortProblem | undefined> {
  const error = await tryListen(wanted);
  if (!error) return undefined;
  const { port, host, flag } = wanted;
  const choice = `${flag} ${port < 1024 ? port + 8000 : port + 1}`;
  if (error.code === 'EADDRINUSE') {
    const owner = portOwner(port);
    const who = owner ? `${owner.name} (pid ${owner.pid})` : 'a process of another account';
    return { what: `port ${port} is taken by ${who}`, remedy: 'stop what has it', choice };
  }
  if (error.code === 'EACCES') {
    return {
      what: `this account may not use port ${port} (ports below 1024 belong to root)`,
      remedy: `run with sudo, allow it with "sudo sysctl net.ipv4.ip_unprivileged_port_start=${LOWEST_PORT}"`,
      choice,
    };
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return { what: `this machine has no address ${host}`, remedy: '', choice: '--bind 127.0.0.1' };
  }
  return { what: `port ${port} on ${host} cannot be used (${error.message})`, remedy: '', choice };
}

const unique = (texts: string[]) => [...new Set(texts)].filter(Boolean);

/** Why some of these ports can't be had, all in one sentence with the mend; undefined when all are free. */
export async function portProblem(wanted: WantedPort[]): Promise<StackError | undefined> {
  const found = (await Promise.all(wanted.map(problemOf))).filter((problem) => problem !== undefined);
  if (found.length === 0) return undefined;
  const what = unique(found.map((problem) => problem.what)).join(', ');
  const others = `choose with ${unique(found.map(({ choice }) => choice)).join(' ')}`;
  return new StackError(what, [...unique(found.map(({ remedy }) => remedy)), others].join(', or '));
}
