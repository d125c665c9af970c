import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import type { GatewayConfig } from '../config.ts';

type PeerSettings = Pick<GatewayConfig, 'HOST' | 'PEER_SOCKET' | 'PEER_PORT' | 'PEER_ADVERTISE'>;

/** How Node.js asks for an address: a Unix socket, or `http://host:port`. */
export type PeerPlace = { socketPath: string } | { base: string };

/** Addresses that are another process's, or no one's, on every other machine. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;
const ANY = new Set(['0.0.0.0', '::']);

/**
 * Where the other instances reach this one, as it is kept for them: `http://host:port`, or `MACHINE|PLACE` where only
 * the same machine gets there. Empty where there is no listener.
 */
export function peerAddress({ HOST, PEER_SOCKET, PEER_PORT, PEER_ADVERTISE }: PeerSettings): string {
  if (PEER_SOCKET !== undefined) return `${thisMachine()}|${path.resolve(PEER_SOCKET)}`;
  if (PEER_PORT === undefined) return '';
  const host = PEER_ADVERTISE ?? (ANY.has(HOST) ? ownAddress(HOST) : HOST);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${PEER_PORT}`;
  return LOOPBACK.test(host) ? `${thisMachine()}|${url}` : url;
}

/** Undefined where there is no address, or none that leads to that instance from here. */
export function peerPlace(address: string | undefined): PeerPlace | undefined {
  if (!address) return undefined;
  const border = address.lastIndexOf('|');
  if (border >= 0 && address.slice(0, border) !== thisMachine()) return undefined;
  const place = address.slice(border + 1);
  return place.startsWith('http') ? { base: place } : { socketPath: place };
}

/** The first address of this machine or container that others can have; its name where it has none. */
function ownAddress(listening: string): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const ipv4 = outside.find(({ family }) => family === 'IPv4');
  const found = listening === '::' ? (ipv4 ?? outside[0]) : ipv4;
  return found?.address ?? hostname();
}

let machine: string | undefined;

/** Not the name alone, which two machines can have; nor what the kernel says alone, which all containers of it see. */
function thisMachine(): string {
  machine ??= `${hostname()} ${kernelBoot()}`;
  return machine;
}

function kernelBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
