import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** How a transport connects to its origin. */
export interface ConnectOptions {
  /** PEM of the CA to trust instead of the system's. */
  ca?: string;
  /** Accept any certificate. */
  insecure?: boolean;
  /** Source address (IPv4), such as 127.0.1.5; the limiter sees each address as a user. */
  localAddress?: string;
  /** `host:port` to connect to instead; request and certificate check use the origin's name. */
  connectTo?: string;
  /** Unix socket to connect to instead, in plain HTTP/1.1. */
  socketPath?: string;
}

/** The address to connect to for this origin. */
export function placeOf(origin: URL, { connectTo }: ConnectOptions): { host: string; port: number } {
  const [host, port] = connectTo?.split(':') ?? [];
  return {
    host: host ?? origin.hostname.replace(/^\[|\]$/g, ''),
    port: Number(port ?? (origin.port || (origin.protocol === 'https:' ? 443 : 80))),
  };
}

/** Connects to an https origin and offers these protocols. @throws the socket's error (connect, DNS, certificate) */
export async function connectTls(origin: URL, alpn: string[], options: ConnectOptions): Promise<TLSSocket> {
  const name = origin.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    ...placeOf(origin, options),
    ALPNProtocols: alpn,
    rejectUnauthorized: options.insecure !== true,
    ...(isIP(name) ? {} : { servername: name }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress, family: 4 }),
  });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  return socket;
}
