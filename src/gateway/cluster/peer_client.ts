import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { PeerAnswer, PeerSilence, Peers } from '../../core/durable/peers.ts';
import { WeirError } from '../../formats/error_code.ts';
import { PEER_SILENCE_MS } from '../../formats/timing.ts';
import { RESUMABLE } from '../http/parse_stream_request.ts';
import { peerPlace } from './peer_address.ts';
import { INCARNATION_HEADER, NOW, REFUSES_REGRESSED, SECRET_HEADER } from './peer_listener.ts';

// An import would read all of its exports, one of which loads Node's own fetch: 0.1 s of CPU at each start.
const { request: httpRequest } = process.getBuiltinModule('node:http');

/** An instance that does not answer within this may be frozen or dead. */
const HEAD_MS = 500;
/** No process listens: the owner has exited. */
const REFUSED = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * Speaks with the peer listeners of the other instances: Unix sockets, or `http://host:port` with a shared secret.
 * Frames end with an error when nothing has come for `silenceMs`.
 */
export function peerClient(secret: string, silenceMs = PEER_SILENCE_MS): Peers {
  const ask = (
    address: string | undefined,
    method: string,
    incarnation: string,
    threadId: string,
    more?: OutgoingHttpHeaders,
  ) => {
    const place = peerPlace(address);
    if (!place) return Promise.resolve('silent' as const);
    const path = `/threads/${threadId}`;
    const headers = {
      [INCARNATION_HEADER]: incarnation,
      [SECRET_HEADER]: secret,
      ...more,
    };
    const request =
      'base' in place
        ? httpRequest(new URL(path, place.base), { method, headers, agent: false })
        : httpRequest({ ...place, path, method, headers, agent: false });
    return headOf(request, silenceMs);
  };
  return {
    async read(address, incarnation, threadId, cursor, wish): Promise<PeerAnswer | PeerSilence> {
      const response = await ask(address, 'GET', incarnation, threadId, {
        ...(cursor ? { 'last-event-id': `${cursor.epoch}.${cursor.seq}` } : {}),
        ...(wish.withIds ? { [RESUMABLE]: 'true' } : {}),
        ...(wish.now ? { [NOW]: 'true' } : {}),
        ...(wish.refusesRegressed ? { [REFUSES_REGRESSED]: 'true' } : {}),
      });
      if (typeof response === 'string') return response;
      if (response.statusCode === 200) return { kind: 'frames', frames: response };
      response.resume();
      if (response.statusCode === 400)
        throw new WeirError('bad_request', { message: 'Last-Event-ID is not an id of this stream.' });
      if (response.statusCode === 409) return { kind: 'regressed' };
      return response.statusCode === 204 ? { kind: 'ended' } : 'unknown';
    },
    async cancel(address, incarnation, threadId) {
      const response = await ask(address, 'DELETE', incarnation, threadId);
      if (typeof response === 'string') return response;
      response.resume();
      return response.statusCode === 202 ? 'cancelled' : 'unknown';
    },
  };
}

/** The head of what an instance answers for the incarnation that is asked for. */
function headOf(request: ClientRequest, silenceMs: number): Promise<IncomingMessage | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => {
      resolve('silent');
      request.destroy();
    }, HEAD_MS);
    request.once('response', (response) => {
      clearTimeout(timeout);
      // Only a peer listener sends this header: another server may have the address now, and its answer proves nothing.
      const isPeer = response.headers[INCARNATION_HEADER] !== undefined;
      // The listener answers for one incarnation: another's answer proves that this one is no more.
      if (isPeer && response.statusCode !== 410) {
        endSilence(response, silenceMs);
        return resolve(response);
      }
      request.destroy();
      resolve(isPeer ? 'gone' : 'silent');
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timeout);
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
