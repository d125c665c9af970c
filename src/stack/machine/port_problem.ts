import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { StackError } from '../stack_error.ts';
import type { StackOptions } from '../stack_options.ts';

/** Who listens on a port. */
export interface PortOwner {
  pid: number;
  /** The program's short name, such as `nginx`. */
  name: string;
}

const LISTEN = '0A';

/** Inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && fields[1]?.split(':')[1] === wanted)
    .flatMap((fields) => fields[9] ?? []);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function holds(pid: string, sockets: Set<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

/**
 * The process that listens on a TCP port of this machine.
 *
 * Undefined where no process does, where the system has no /proc, and where the process belongs to another account
 * whose open files are not visible.
 */
export function portOwner(port: number): PortOwner | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(readText);
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  // The oldest one: NGINX's workers hold the socket too, but its master is the process to stop.
  const pid = pids.sort((a, b) => Number(a) - Number(b)).find((candidate) => holds(candidate, sockets));
  if (pid === undefined) return undefined;
  return { pid: Number(pid), name: readText(`/proc/${pid}/comm`).trim() || 'a process' };
}

/** HTTP's port: a system that allows 443 to other accounts should allow 80 too. */
const LOWEST_PORT = 80;

/** A port that is needed: where, and which option chooses another one. */
export interface WantedPort {
  port: number;
  host: string;
  flag: string;
}

/** Why a port can not be used. */
interface PortProblem {
  what: string;
  /** How to fix it without another port; empty where that is not possible. */
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
    return { what: `port ${port} is taken by ${who}`, remedy: 'stop that process', choice };
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

/** Why some of these ports can not be used, in one sentence with the fix; undefined when all are free. */
export async function portProblem(wanted: WantedPort[]): Promise<StackError | undefined> {
  const found = (await Promise.all(wanted.map(problemOf))).filter((problem) => problem !== undefined);
  if (found.length === 0) return undefined;
  const what = unique(found.map((problem) => problem.what)).join(', ');
  const others = `choose with ${unique(found.map(({ choice }) => choice)).join(' ')}`;
  return new StackError(what, [...unique(found.map(({ remedy }) => remedy)), others].join(', or '));
}

/** The ports that the stack listens on, by its options. */
export function wantedPorts({ httpsPort, httpPort, dashboardPort, bind, all }: StackOptions): WantedPort[] {
  return [
    { port: httpsPort, host: bind, flag: '--https-port' },
    { port: httpPort, host: bind, flag: '--http-port' },
    ...(all ? [{ port: dashboardPort, host: '127.0.0.1', flag: '--dashboard-port' }] : []),
  ];
}

/** Throws when ports can not be used: says which ones, which process has them or why they are forbidden, and the fix. */
export async function checkPorts(options: StackOptions): Promise<void> {
  const problem = await portProblem(wantedPorts(options));
  if (problem) throw problem;
}
