import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Cursor } from '../../core/durable/cursor.ts';
import type { PeerAnswer, PeerSilence, Peers } from '../../core/durable/peers.ts';
import { WeirError } from '../../protocol/error_code.ts';

/** Whoever does not answer within this may be frozen, and may be dead. */
const HEAD_MS = 500;
/** Nobody listens: the process that did has exited. */
const REFUSED = new Set(['ECONNREFUSED', 'ENOENT']);

/** Speaks with the peer listeners of the other instances: Unix sockets, or `http://host:port` with a shared secret. */
export function peerClient(secret: string): Peers {
  return {
    async read(address, boot, threadId, cursor): Promise<PeerAnswer | PeerSilence> {
      const response = await ask(address, 'GET', boot, threadId, secret, cursor);
      if (typeof response === 'string') return response;
      if (response.statusCode === 200) return { kind: 'frames', frames: response };
      response.resume();
      if (response.statusCode === 400)
        throw new WeirError('bad_request', { message: 'Last-Event-ID is not an id of this stream.' });
      return response.statusCode === 204 ? { kind: 'ended' } : 'unknown';
    },
    async cancel(address, boot, threadId) {
      const response = await ask(address, 'DELETE', boot, threadId, secret, undefined);
      if (typeof response === 'string') return response;
      response.resume();
      return response.statusCode === 202 ? 'cancelled' : 'unknown';
    },
  };
}

function ask(
  address: string,
  method: string,
  boot: string,
  threadId: string,
  secret: string,
  cursor: Cursor | undefined,
): Promise<IncomingMessage | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    const path = `/threads/${threadId}`;
    const headers = {
      'x-weir-boot': boot,
      'x-peer-secret': secret,
      ...(cursor ? { 'last-event-id': `${cursor.epoch}.${cursor.seq}` } : {}),
    };
    const request: ClientRequest = address.startsWith('http')
      ? httpRequest(new URL(path, address), { method, headers, agent: false })
      : httpRequest({ socketPath: address, path, method, headers, agent: false });
    const patience = setTimeout(() => {
      resolve('silent');
      request.destroy();
    }, HEAD_MS);
    request.once('response', (response) => {
      clearTimeout(patience);
      // The listener answers for one boot: another's answer proves that this one is no more.
      if (response.statusCode === 410) {
        response.resume();
        resolve('gone');
      } else resolve(response);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(patience);
      resolve(REFUSED.has(error.code ?? '') ? 'gone' : 'silent');
    });
    request.end();
  });
}
