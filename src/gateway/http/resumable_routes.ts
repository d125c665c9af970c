import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cancelResumable } from '../../core/durable/cancel_resumable.ts';
import { parseCursor } from '../../core/durable/cursor.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { type Caller, locateResumable } from '../../core/durable/locate_resumable.ts';
import { WeirError } from '../../formats/error_code.ts';
import { THREAD_ID } from '../../formats/weir/stream_request.ts';
import type { OpenStreams } from '../open_streams.ts';
import type { Access } from './access.ts';
import { wishOf } from './parse_stream_request.ts';
import type { ReaderCounts } from './reader_counts.ts';
import { sendResumable } from './send_resumable.ts';
import { attachHeadersSchema, eventStream, threadHeadersSchema, threadParamsSchema, unchecked } from './stream_docs.ts';

export interface ResumableRoutesContext {
  core: DurableCore;
  access: Access;
  readers: ReaderCounts;
  open: OpenStreams;
}

/** Attaching to a resumable stream, and cancelling it, on any instance. */
export function resumableRoutes(app: FastifyInstance, { core, access, readers, open }: ResumableRoutesContext): void {
  const callerOf = (request: FastifyRequest): Caller => {
    const token = request.headers['x-resume-token'];
    return { userId: access.userOf(request), token: typeof token === 'string' ? token : undefined };
  };
  const threadIdOf = (request: FastifyRequest): string => {
    const { thread_id } = request.params as { thread_id: string };
    if (!THREAD_ID.test(thread_id)) throw new WeirError('not_found');
    request.threadId = thread_id;
    return thread_id;
  };

  app.get('/api/v1/stream/:thread_id', {
    schema: {
      summary: 'Attach to a resumable stream, from Last-Event-ID on',
      params: threadParamsSchema,
      headers: attachHeadersSchema,
      response: {
        200: eventStream('What follows after Last-Event-ID'),
        204: z.null().describe('Nothing follows after Last-Event-ID'),
      },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request, reply) => {
      const threadId = threadIdOf(request);
      open.refuseWhenClosed();
      const caller = callerOf(request);
      const cursor = parseCursor(request.headers['last-event-id']);
      using _ = readers.take(caller.userId);
      const wish = wishOf(request.raw);
      const located = await locateResumable(core, threadId, caller, cursor, wish);
      const headers = reply.getHeaders() as Record<string, string>;
      reply.hijack();
      const answer = { request: request.raw, response: reply.raw, headers, wheel: core.wheel };
      await sendResumable(located, { ...answer, threadId, cursor, wish });
      return reply;
    },
  });

  app.delete('/api/v1/stream/:thread_id', {
    schema: {
      summary: 'Cancel a resumable stream',
      params: threadParamsSchema,
      headers: threadHeadersSchema,
      response: { 202: z.object({ thread_id: z.string() }).describe('Its end comes as an event') },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request, reply) => {
      const threadId = threadIdOf(request);
      open.refuseWhenClosed();
      await cancelResumable(core, threadId, callerOf(request));
      return reply.status(202).send({ thread_id: threadId });
    },
  });
}
