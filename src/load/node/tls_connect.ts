import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type ConnectOptions, placeOf } from './connect_options.ts';

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
