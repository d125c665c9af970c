import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { GatewayConfig } from '../config.ts';

/** Tells who is calling, for the limits. */
export type Identify = (request: IncomingMessage) => string;

/**
 * The header that the deployment trusts, where one is set; else the address that a trusted proxy saw; else the peer's
 * own. A client can't choose its bucket: `X-Real-IP` counts only from a trusted proxy, and a Unix socket is one.
 */
export function identifyBy(config: Pick<GatewayConfig, 'IDENTITY_HEADER' | 'TRUSTED_PROXIES'>): Identify {
  const trusted = new BlockList();
  for (const entry of config.TRUSTED_PROXIES) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  return (request) => {
    if (config.IDENTITY_HEADER) {
      const named = request.headers[config.IDENTITY_HEADER];
      if (typeof named === 'string' && named !== '') return named.slice(0, 200);
    }
    const peer = request.socket.remoteAddress;
    const behindProxy = peer === undefined || trusted.check(plain(peer), isIP(plain(peer)) === 6 ? 'ipv6' : 'ipv4');
    const real = request.headers['x-real-ip'];
    if (behindProxy && typeof real === 'string' && isIP(real)) return plain(real);
    return plain(peer ?? '127.0.0.1');
  };
}

/** One name for one machine: IPv4 inside IPv6 is IPv4, and both loopbacks are the same. */
function plain(address: string): string {
  if (address === '::1') return '127.0.0.1';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
