import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cancelResumable } from '../../core/durable/cancel_resumable.ts';
import { chatDelivered, findChat, stopChat } from '../../core/durable/chats.ts';
import type { Cursor } from '../../core/durable/cursor.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { type Located, locateResumable, mustBeAllowed, unavailable } from '../../core/durable/locate_resumable.ts';
import { whileAway } from '../../core/durable/log_store.ts';
import type { ResumableRecord } from '../../core/durable/resumable_record.ts';
import { WeirError } from '../../formats/error_code.ts';
import { RUN_PREFIX } from '../../formats/ui_message/read_ui_message_request.ts';
import { wishOf } from './parse_stream_request.ts';
import { sendResumable } from './send_resumable.ts';
import { eventStream, unchecked } from './stream_docs.ts';
import type { StreamRouteContext } from './stream_route.ts';

const paramsSchema = z.object({ id: z.string().describe('Of the chat; or x-workflow-run-id of one answer') });
const querySchema = z.object({
  startIndex: z.string().optional().describe('So many chunks the client has; all of them where absent'),
});

const nothing = z.null().describe('There is nothing to read');

/** An answer of a chat, read again from its start; and its end, before it has come. */
export function chatAnswerRoutes(app: FastifyInstance, { core, access, open, readers }: StreamRouteContext): void {
  /** @throws WeirError not_found for a run of another user, and for one that is none */
  const runOf = async (userId: string, id: string): Promise<ResumableRecord> => {
    const record = core.streams.get(id)?.record ?? (await core.store.read(id));
    if (record?.format !== 'ui_message') throw new WeirError('not_found');
    mustBeAllowed(record, { userId, token: undefined });
    return record;
  };

  app.get('/api/v1/chat/:id/stream', {
    schema: {
      summary: 'Read the answer of a chat again, if its end was not read',
      params: paramsSchema,
      querystring: querySchema,
      response: { 200: eventStream('The answer, from its start'), 204: nothing },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request, reply) => {
      const { id } = request.params as { id: string };
      const userId = access.userOf(request);
      const startIndex = startIndexOf(request.query as { startIndex?: unknown });
      open.refuseWhenClosed();
      using _ = readers.take(userId);
      const found = id.startsWith(RUN_PREFIX) ? runOf(userId, id) : findChat(core, userId, id);
      const record = await found.catch(whileAway(unavailable));
      if (!record) return reply.status(204).send();
      const cursor = startIndex === 0 ? undefined : { epoch: record.epoch, seq: startIndex };
      const caller = { userId, token: undefined };
      const located = await locateResumable(core, record.id, caller, cursor, wishOf(request.raw));
      if (hasAll(located, startIndex)) return reply.status(204).send();
      const delivered = () => void chatDelivered(core, record);
      await answerChat(core, located, { request, reply, cursor, delivered });
      return reply;
    },
  });

  app.post('/api/v1/chat/:id/stop', {
    schema: {
      summary: 'Stop the answer of a chat',
      params: paramsSchema,
      response: { 202: z.object({ id: z.string() }).describe('Its readers get an abort chunk'), 204: nothing },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request, reply) => {
      const { id } = request.params as { id: string };
      const userId = access.userOf(request);
      open.refuseWhenClosed();
      const stopped = id.startsWith(RUN_PREFIX) ? stopRun(userId, id) : stopChat(core, userId, id);
      if (await stopped.catch(whileAway(unavailable))) return reply.status(202).send({ id });
      return reply.status(204).send();
    },
  });

  const stopRun = async (userId: string, id: string): Promise<boolean> => {
    const record = await runOf(userId, id);
    if (record.state === 'done') return false;
    await cancelResumable(core, id, { userId, token: undefined });
    await chatDelivered(core, record);
    return true;
  };
}

/** @returns how many chunks the client has. @throws WeirError validation_error */
function startIndexOf({ startIndex = '0' }: { startIndex?: unknown }): number {
  if (typeof startIndex === 'string' && /^\d{1,9}$/.test(startIndex)) return Number(startIndex);
  const fields = [{ field: 'startIndex', message: 'must be 0 or more' }];
  throw new WeirError('validation_error', { message: 'Not valid: startIndex must be 0 or more.', details: { fields } });
}

const DONE = 'data: [DONE]\n\n';

/** `[DONE]` is no chunk: a client that has all others would come again and again for a stream that holds nothing else. */
function hasAll(located: Located, startIndex: number): boolean {
  if (located.kind !== 'source' || !located.source.over) return false;
  const { committed, frames, terminal = '' } = located.source;
  return startIndex >= committed + frames.numbersOf(terminal) - (terminal.endsWith(DONE) ? 1 : 0);
}

/** Names of an answer's headers, by which clients know it: the AI SDK's, its resuming transport's, and assistant-ui's. */
export const CHAT_HEADERS = ['x-vercel-ai-ui-message-stream', 'x-workflow-run-id', 'x-resumable-stream-id'] as const;

export function chatHeaders(threadId: string): OutgoingHttpHeaders {
  const [protocol, run, stream] = CHAT_HEADERS;
  return { [protocol]: 'v1', [run]: threadId, [stream]: threadId };
}

interface ChatAnswer {
  request: FastifyRequest;
  reply: FastifyReply;
  cursor?: Cursor | undefined;
  /** Headers on top of those that every answer has. */
  more?: OutgoingHttpHeaders | undefined;
  /** Called when its end is out. */
  delivered(): void;
}

/** Sends an answer of a chat. */
export async function answerChat(
  core: DurableCore,
  located: Located,
  { request, reply, cursor, more, delivered }: ChatAnswer,
): Promise<void> {
  const { threadId } = located;
  const headers = { ...(reply.getHeaders() as OutgoingHttpHeaders), ...more, ...chatHeaders(threadId) };
  reply.hijack();
  const { raw: response } = reply;
  if (located.kind !== 'regressed') response.once('finish', delivered);
  const wish = wishOf(request.raw);
  await sendResumable(located, { threadId, cursor, wish, request: request.raw, response, headers, wheel: core.wheel });
}
