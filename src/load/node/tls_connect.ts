import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

export interface TlsOptions {
  /** PEM of the CA to trust instead of the system's. */
  ca?: string;
  /** Accept any certificate. */
  insecure?: boolean;
}

/** Connects to an https origin and offers these protocols. @throws the socket's error (connect, DNS, certificate) */
export async function connectTls(origin: URL, alpn: string[], options: TlsOptions): Promise<TLSSocket> {
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: Number(origin.port || 443),
    ALPNProtocols: alpn,
    rejectUnauthorized: options.insecure !== true,
    ...(isIP(host) ? {} : { servername: host }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  return socket;
}
