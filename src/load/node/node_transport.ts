import type { Transport } from 'weir-client';
import type { ConnectOptions } from './connect.ts';
import { connectTls } from './connect.ts';
import { Http1Requests } from './http1_requests.ts';
import { Http2Sessions } from './http2_sessions.ts';

export interface NodeTransportOptions extends ConnectOptions {
  /** Use HTTP/1.1 even if the server offers HTTP/2. */
  http1?: boolean;
}

/** A transport for thousands of concurrent streams to one origin. */
export interface NodeTransport {
  send: Transport;
  /** Drops all connections. */
  close: () => void;
}

/**
 * Uses HTTP/2 if the server of an https address supports it (ALPN), else HTTP/1.1. Follows no redirects. Node's `fetch`
 * supports neither HTTP/2 nor this many streams.
 */
export function nodeTransport(baseUrl: string, options: NodeTransportOptions = {}): NodeTransport {
  const origin = new URL(new URL(baseUrl).origin);
  let wire: Promise<Http1Requests | Http2Sessions> | undefined;
  return {
    send: async (url, request) => {
      wire ??= openWire(origin, options).catch((error: unknown) => {
        // The next request tries again.
        wire = undefined;
        throw error;
      });
      return (await wire).send(new URL(url), request);
    },
    close: () => {
      wire?.then(
        (opened) => opened.close(),
        () => {},
      );
    },
  };
}

async function openWire(origin: URL, options: NodeTransportOptions): Promise<Http1Requests | Http2Sessions> {
  const isPlain = origin.protocol === 'http:' || options.socketPath !== undefined;
  if (isPlain || options.http1) return new Http1Requests(origin, options);
  const socket = await connectTls(origin, ['h2', 'http/1.1'], options);
  if (socket.alpnProtocol === 'h2') return new Http2Sessions(origin, options, socket);
  socket.destroy();
  return new Http1Requests(origin, options);
}
