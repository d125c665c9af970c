import { cancelThreadHere } from '../../core/durable/cancel_thread.ts';
import { parseCursor } from '../../core/durable/cursor.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { place } from '../../core/durable/locate_thread.ts';
import { WeirError } from '../../formats/error_code.ts';
import { sendThread } from '../http/send_thread.ts';
import type { ThreadServices } from './peer_listener.ts';

/** What this instance does for the others: reads its threads to them, and cancels them. */
export function peerServices(core: DurableCore, isMine: (boot: string) => boolean): ThreadServices {
  return {
    isMine,
    boot: () => core.wal.boot,
    read(threadId, request, response) {
      const thread = core.threads.get(threadId);
      if (!thread?.isOpen || thread.gone) return false;
      try {
        const cursor = parseCursor(request.headers['last-event-id']);
        const located = place(thread, thread.record, cursor);
        const answer = { threadId, cursor, request, response, headers: {}, wheel: core.wheel };
        sendThread(located, answer).catch((error: Error) => {
          core.log.error('6', 'A response failed after it was begun', { thread_id: threadId, reason: error.stack });
          response.destroy();
        });
      } catch (error) {
        response.writeHead(error instanceof WeirError ? error.status : 500).end();
      }
      return true;
    },
    cancel: (threadId) => cancelThreadHere(core, threadId),
  };
}
