import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { GatewayConfig } from '../config.ts';
import { addressNetwork, plainAddress } from './ip_address.ts';

/** Says who is calling, for the limits. */
export type Identify = (request: IncomingMessage) => string;

type IdentitySettings = Pick<GatewayConfig, 'SOCKET' | 'IDENTITY_HEADER' | 'TRUSTED_PROXIES' | 'IPV6_PREFIX'>;

/** A connection that was reset before it was asked for its address: nobody reads its answer. */
const UNKNOWN = 'unknown';

/**
 * The header that the deployment trusts, where one is set; else the address that a trusted proxy saw; else the peer's
 * own. A client can't choose its bucket: `X-Real-IP` counts only from a trusted proxy. On a Unix socket that is whoever
 * connects, on a port an address of `TRUSTED_PROXIES`. Of an IPv6 address its network counts.
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
