import { readFileSync } from 'node:fs';

const CAP_SYS_RESOURCE = 1n << 24n;
/** Logs, sockets that listen, the certificate, temporary files. */
const OTHER_FILES = 512;

/** How many files a process may have open, and how many streams that allows. */
export interface FileLimit {
  files: number;
  /** Connections of one NGINX worker. */
  workerConnections: number;
  /** Streams that fit through NGINX: two connections each. */
  streams: number;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function asNumber(limit: string | undefined): number | undefined {
  if (limit === undefined) return undefined;
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** The hard limit of a process, from the text of its /proc/…/limits; Infinity where it says unlimited. */
export function hardFileLimit(limits: string): number | undefined {
  return asNumber(/^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]);
}

/** Its soft limit, likewise: the one that counts now. */
export function softFileLimit(limits: string): number | undefined {
  return asNumber(/^Max open files\s+(\S+)/m.exec(limits)?.[1]);
}

function mayRaise(status: string): boolean {
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1];
  return capabilities !== undefined && (BigInt(`0x${capabilities}`) & CAP_SYS_RESOURCE) !== 0n;
}

/** What of `wantedStreams` the machine's file limit allows. */
export function fileLimit(wantedStreams: number): FileLimit {
  const hard = hardFileLimit(readText('/proc/self/limits')) ?? 10_240;
  const system = Number(readText('/proc/sys/fs/nr_open')) || hard;
  const ceiling = mayRaise(readText('/proc/self/status')) ? Math.max(hard, system) : hard;
  return limitFor(wantedStreams, ceiling);
}

/** Files that NGINX needs for so many streams. */
export function nginxFiles(streams: number): number {
  return Math.max(2 * streams, 1024) + OTHER_FILES;
}

/** Files that an instance needs for so many streams. */
export function instanceFiles(streams: number): number {
  return streams + OTHER_FILES;
}

/** The command that raises the limit for `streams`, where the account may do that. */
export function raiseFileLimit(streams: number): string {
  return `ulimit -n ${nginxFiles(streams)} && ./weir restart`;
}

/** The pure part of {@link fileLimit}: `ceiling` is the number of files that a process may have open. */
export function limitFor(wantedStreams: number, ceiling: number): FileLimit {
  const files = Math.min(nginxFiles(wantedStreams), ceiling);
  const workerConnections = Math.max(files - OTHER_FILES, 64);
  return { files, workerConnections, streams: Math.floor(workerConnections / 2) };
}
