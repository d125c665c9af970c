import { Agent } from 'undici';

const CONNECT_MS = 5_000;

/**
 * Connections to one provider. HTTP/2 would put every stream on one of them, with its flow control; deadlines are our
 * own, in the call.
 */
export function providerAgent(): Agent {
  return new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_MS },
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
