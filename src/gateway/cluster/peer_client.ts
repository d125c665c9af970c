import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Cursor } from '../../core/durable/cursor.ts';
import type { PeerAnswer, PeerSilence, Peers } from '../../core/durable/peers.ts';
import { WeirError } from '../../formats/error_code.ts';
import { PEER_SILENCE_MS } from '../../formats/timing.ts';
import { peerPlace } from './peer_address.ts';
import { BOOT_HEADER, SECRET_HEADER } from './peer_listener.ts';

/** An instance that does not answer within this may be frozen or dead. */
const HEAD_MS = 500;
/** No process listens: the owner has exited. */
const REFUSED = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * Speaks with the peer listeners of the other instances: Unix sockets, or `http://host:port` with a shared secret.
 * Frames end with an error when nothing has come for `silenceMs`.
 */
export function peerClient(secret: string, silenceMs = PEER_SILENCE_MS): Peers {
  const ask = (address: string | undefined, method: string, boot: string, threadId: string, cursor?: Cursor) => {
    const place = peerPlace(address);
    if (!place) return Promise.resolve('silent' as const);
    const path = `/threads/${threadId}`;
    const headers = {
      [BOOT_HEADER]: boot,
      [SECRET_HEADER]: secret,
      ...(cursor ? { 'last-event-id': `${cursor.epoch}.${cursor.seq}` } : {}),
    };
    const request =
      'base' in place
        ? httpRequest(new URL(path, place.base), { method, headers, agent: false })
        : httpRequest({ ...place, path, method, headers, agent: false });
    return headOf(request, silenceMs);
  };
  return {
    async read(address, boot, threadId, cursor): Promise<PeerAnswer | PeerSilence> {
      const response = await ask(address, 'GET', boot, threadId, cursor);
      if (typeof response === 'string') return response;
      if (response.statusCode === 200) return { kind: 'frames', frames: response };
      response.resume();
      if (response.statusCode === 400)
        throw new WeirError('bad_request', { message: 'Last-Event-ID is not an id of this stream.' });
      return response.statusCode === 204 ? { kind: 'ended' } : 'unknown';
    },
    async cancel(address, boot, threadId) {
      const response = await ask(address, 'DELETE', boot, threadId);
      if (typeof response === 'string') return response;
      response.resume();
      return response.statusCode === 202 ? 'cancelled' : 'unknown';
    },
  };
}

/** The head of what an instance answers for the boot that is asked for. */
function headOf(request: ClientRequest, silenceMs: number): Promise<IncomingMessage | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => {
      resolve('silent');
      request.destroy();
    }, HEAD_MS);
    request.once('response', (response) => {
      clearTimeout(patience);
      // Only a peer listener sends this header: another server may have the address now, and its answer proves nothing.
      const isPeer = response.headers[BOOT_HEADER] !== undefined;
      // The listener answers for one boot: another's answer proves that this one is no more.
      if (isPeer && response.statusCode !== 410) {
        endSilence(response, silenceMs);
        return resolve(response);
      }
      request.destroy();
      resolve(isPeer ? 'gone' : 'silent');
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(patience);
      resolve(REFUSED.has(error.code ?? '') ? 'gone' : 'silent');
    });
    request.end();
  });
}

/** What waits here for a slow reader is not the peer's silence. */
function endSilence(response: IncomingMessage, silenceMs: number): void {
  response.setTimeout(silenceMs, () => {
    if (response.readableLength > 0) response.setTimeout(silenceMs);
    else response.destroy(new Error('the peer is silent'));
  });
}
