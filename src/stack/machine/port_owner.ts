import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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
 * Undefined where nobody does, where the system has no /proc, and where the process belongs to somebody else whose
 * open files this account may not see.
 */
export function portOwner(port: number): PortOwner | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(readText);
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  // The oldest one: NGINX's workers hold the socket too, but its master is whom to stop.
  const pid = pids.sort((a, b) => Number(a) - Number(b)).find((candidate) => holds(candidate, sockets));
  if (pid === undefined) return undefined;
  return { pid: Number(pid), name: readText(`/proc/${pid}/comm`).trim() || 'a process' };
}
