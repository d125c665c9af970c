import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { GatewayConfig } from '../config.ts';

/** Says who is calling, for the limits. */
export type Identify = (request: IncomingMessage) => string;

type IdentitySettings = Pick<GatewayConfig, 'SOCKET' | 'IDENTITY_HEADER' | 'TRUSTED_PROXIES' | 'IPV6_PREFIX'>;

/** A connection that was reset before it was asked for its address: no one reads its answer. */
const UNKNOWN = 'unknown';

/**
 * The header that the deployment trusts, where one is set; else the address that a trusted proxy saw; else the peer's
 * own. A client can't choose its bucket: `X-Real-IP` counts only from a trusted proxy. On a Unix socket that is any
 * process that connects, on a port an address of `TRUSTED_PROXIES`. Of an IPv6 address its network counts.
 */
export function identifyBy(config: IdentitySettings): Identify {
  const trusted = new BlockList();
  for (const entry of config.TRUSTED_PROXIES) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const { IDENTITY_HEADER, IPV6_PREFIX } = config;
  const onSocket = config.SOCKET !== undefined;
  return (request) => {
    if (IDENTITY_HEADER) {
      const named = request.headers[IDENTITY_HEADER];
      if (typeof named === 'string' && named !== '') return named.slice(0, 200);
    }
    const remote = onSocket ? undefined : request.socket.remoteAddress;
    const peer = remote && plainAddress(remote);
    const behindProxy = onSocket || (peer !== undefined && trusted.check(peer, isIP(peer) === 6 ? 'ipv6' : 'ipv4'));
    const real = request.headers['x-real-ip'];
    if (behindProxy && typeof real === 'string' && isIP(real)) return addressNetwork(plainAddress(real), IPV6_PREFIX);
    if (onSocket) return '127.0.0.1';
    return peer === undefined ? UNKNOWN : addressNetwork(peer, IPV6_PREFIX);
  };
}

const BITS = 16;
const GROUPS = 8;

/** One name for one machine: IPv4 inside IPv6 is IPv4, and both loopbacks are the same. @param address a valid one */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  if (groups.some((group, at) => at < 5 && group !== 0)) return address;
  if (groups[5] === 0 && groups[6] === 0 && groups[7] === 1) return '127.0.0.1';
  if (groups[5] !== 0xffff) return address;
  return groups.slice(6).flatMap(bytesOf).join('.');
}

/** The network that an IPv6 address lies in, as `2001:db8:0:7::/64`; an IPv4 address as it is. */
export function addressNetwork(address: string, prefix: number): string {
  if (!address.includes(':')) return address;
  const kept = groupsOf(address).slice(0, Math.ceil(prefix / BITS));
  const rest = prefix % BITS;
  const network = kept.map((group, at) => {
    return (rest > 0 && at === kept.length - 1 ? group & (0xffff << (BITS - rest)) : group).toString(16);
  });
  return `${network.join(':')}${kept.length < GROUPS ? '::' : ''}/${prefix}`;
}

/** The eight groups of an IPv6 address, whose end may be written as IPv4, and whose zone does not count. */
function groupsOf(address: string): number[] {
  const [bare = ''] = address.split('%', 1);
  const [head = [], tail] = bare.split('::', 2).map(written);
  if (tail === undefined) return head;
  return [...head, ...new Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function written(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function bytesOf(group: number): number[] {
  return [group >> 8, group & 0xff];
}
