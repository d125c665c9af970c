import { cancelHere } from '../../core/durable/cancel_resumable.ts';
import { parseCursor } from '../../core/durable/cursor.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { place } from '../../core/durable/locate_resumable.ts';
import { framesNow } from '../../core/durable/read_now.ts';
import { WeirError } from '../../formats/error_code.ts';
import { wishOf } from '../http/parse_stream_request.ts';
import { sendResumable } from '../http/send_resumable.ts';
import { NOW, REFUSES_REGRESSED, type ResumableServices } from './peer_listener.ts';

/** What this instance does for the others: reads its streams to them, and cancels them. */
export function peerServices(core: DurableCore, isMine: (incarnation: string) => boolean): ResumableServices {
  return {
    isMine,
    incarnation: () => core.streamLog.incarnation,
    read(threadId, request, response) {
      const stream = core.streams.get(threadId);
      if (!stream?.isOpen || stream.gone || !stream.isKept) return false;
      if (request.headers[NOW] !== undefined) {
        response.end(framesNow(stream));
        return true;
      }
      try {
        const cursor = parseCursor(request.headers['last-event-id']);
        const located = place(stream, stream.record, cursor);
        if (located.kind === 'regressed' && request.headers[REFUSES_REGRESSED] !== undefined) {
          response.writeHead(409).end();
          return true;
        }
        const wish = wishOf(request);
        const answer = { threadId, cursor, wish, request, response, headers: {}, wheel: core.wheel };
        sendResumable(located, answer).catch((error: Error) => {
          core.log.error('6', 'A response failed after it was begun', { thread_id: threadId, reason: error.stack });
          response.destroy();
        });
      } catch (error) {
        response.writeHead(error instanceof WeirError ? error.status : 500).end();
      }
      return true;
    },
    cancel: (threadId) => cancelHere(core, threadId),
  };
}
