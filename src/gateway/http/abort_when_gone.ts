import type { FastifyReply } from 'fastify';
import { WeirError } from '../../formats/error_code.ts';
import type { OpenStreams } from '../open_streams.ts';

/** What ends a request's work from outside: its client that leaves, or the drain's deadline. */
export function abortWhenGone(reply: FastifyReply, open: OpenStreams): AbortController {
  const abort = new AbortController();
  reply.raw.once('close', () => {
    open.delete(abort);
    if (!reply.raw.writableFinished) abort.abort(new WeirError('cancelled'));
  });
  open.add(abort);
  return abort;
}
