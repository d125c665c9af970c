import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cancelResumable } from '../../core/durable/cancel_resumable.ts';
import { claimName, findClaimed } from '../../core/durable/claims.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { locateResumable, lookAgain, unavailable } from '../../core/durable/locate_resumable.ts';
import { whileAway } from '../../core/durable/log_store.ts';
import { readNow } from '../../core/durable/read_now.ts';
import type { ResumableRecord } from '../../core/durable/resumable_record.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { JsonObject } from '../../formats/json_object.ts';
import { openAiError } from '../../formats/openai_error.ts';
import { type ResponseState, responseState } from '../../formats/responses/response_state.ts';
import { THREAD_ID } from '../../formats/weir/stream_request.ts';
import { streamHeaders } from './http_sink.ts';
import type { ResumableRoutesContext } from './resumable_routes.ts';
import { sendResumable } from './send_resumable.ts';
import { eventStream, unchecked } from './stream_docs.ts';

/** What our ids begin with; the id of the stream follows. */
const PREFIX = 'resp_';
/** So often a response is looked at for what is about to happen. */
const LOOKS = 20;
const NO_IDS = { withIds: false };

const params = z.object({ response_id: z.string().describe('The id of a response that was stored') });
const object = z.looseObject({}).describe('The response as it is now');
const query = z.object({
  stream: z.string().optional().describe('true: its events'),
  starting_after: z.string().optional().describe('Events after this sequence_number; all of them where absent'),
});

/** OpenAI's responses that run in the background, or were stored: read, streamed again, cancelled, deleted, on any instance. */
export function responsesRoutes(app: FastifyInstance, { core, access, readers, open }: ResumableRoutesContext): void {
  const found = async (request: FastifyRequest, reply: FastifyReply) => {
    open.refuseWhenClosed();
    const { response_id } = request.params as { response_id: string };
    const caller = { userId: access.userOf(request), token: undefined };
    const record = await findResponse(core, caller.userId, response_id).catch(whileAway(unavailable));
    if (!record) throw notFound(response_id);
    request.threadId = record.id;
    reply.header('X-Thread-ID', record.id);
    return { record, caller };
  };
  const options = (summary: string, response: object) => ({
    schema: { summary, params, response },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
  });

  app.get('/v1/responses/:response_id', {
    schema: {
      summary: 'A response as it is now, or its events',
      params,
      querystring: query,
      response: {
        200: {
          description: 'The response, or its events',
          content: { 'application/json': { schema: object }, ...eventStream('').content },
        },
      },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request, reply) => {
      const { record, caller } = await found(request, reply);
      const { stream, starting_after } = request.query as { stream?: string; starting_after?: string };
      if (stream !== 'true') return responseNow(core, record);
      const after = sequenceOf(starting_after);
      using _ = readers.take(caller.userId);
      return sendEvents(core, record, after, request, reply);
    },
  });

  app.post('/v1/responses/:response_id/cancel', {
    ...options('Cancel a response that runs in the background', { 200: object }),
    handler: async (request, reply) => {
      const { record, caller } = await found(request, reply);
      if (!record.background) throw refused('Only a response that runs in the background can be cancelled.');
      if (record.state === 'running') await cancelResumable(core, record.id, caller);
      const response = await responseOnce(core, record, ({ isOver }) => isOver);
      if (response.status !== 'cancelled') throw refused('This response is over already; it can not be cancelled.');
      return response;
    },
  });

  app.delete('/v1/responses/:response_id', {
    ...options('Delete a response; one that runs is cancelled', {
      200: z.object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) }),
    }),
    handler: async (request, reply) => {
      const { record, caller } = await found(request, reply);
      const { response_id: id } = request.params as { response_id: string };
      if (record.state === 'running') {
        await cancelResumable(core, record.id, caller);
        await responseOnce(core, record, ({ isOver }) => isOver);
      }
      const last = await core.store.read(record.id).catch(whileAway(unavailable));
      if (last) await core.store.discard(last).catch(whileAway(unavailable));
      return { id, object: 'response' as const, deleted: true as const };
    },
  });
}

/** @returns the stream of this user's response: by an id of ours, or by one of a provider; the newest of that id */
async function findResponse(core: DurableCore, userId: string, id: string): Promise<ResumableRecord | undefined> {
  const own = id.startsWith(PREFIX) ? id.slice(PREFIX.length) : '';
  const record = THREAD_ID.test(own) ? (core.streams.get(own)?.record ?? (await core.store.read(own))) : undefined;
  const isMine = record?.format === 'responses' && record.userId === userId;
  if (isMine) return record;
  return (await findClaimed(core, userId, claimName('response', id)))?.record;
}

/** As it is now. Its first event may be on its way into the log. @throws WeirError */
export function responseNow(core: DurableCore, record: Owned): Promise<JsonObject> {
  return responseOnce(core, record, () => true);
}

type Owned = Pick<ResumableRecord, 'id' | 'userId'>;

/** @returns it once it is so, or as it is where that takes long */
async function responseOnce(
  core: DurableCore,
  { id, userId }: Owned,
  isSo: (state: ResponseState) => boolean,
): Promise<JsonObject> {
  for (let looks = 0; ; looks += 1) {
    const state = responseState(await readNow(core, id, { userId, token: undefined }));
    const response = state.object();
    if (response && (isSo(state) || looks >= LOOKS)) return response;
    if (looks >= LOOKS) throw new WeirError('service_unavailable', { retryAfter: 1 });
    await lookAgain(looks);
  }
}

async function sendEvents(
  core: DurableCore,
  record: ResumableRecord,
  after: number | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { id, userId, epoch } = record;
  // The first event has the number 0, and is the first entry of the log.
  const cursor = after === undefined ? undefined : { epoch, seq: after + 1 };
  const wish = { ...NO_IDS, refusesRegressed: true };
  const located = await locateResumable(core, id, { userId, token: undefined }, cursor, wish);
  const headers = reply.getHeaders() as Record<string, string>;
  if (located.kind === 'regressed' && !located.isOver) {
    const error = openAiError(new WeirError('log_regressed'));
    // Trying again would not help, which OpenAI's clients do after this status.
    return reply.status(409).header('X-Should-Retry', 'false').send(error);
  }
  reply.hijack();
  if (located.kind === 'regressed' || located.kind === 'ended') {
    reply.raw.writeHead(200, streamHeaders(id, headers)).end();
    return reply;
  }
  const answer = { request: request.raw, response: reply.raw, headers, wheel: core.wheel };
  await sendResumable(located, { ...answer, threadId: id, cursor, wish });
  return reply;
}

/** @throws WeirError bad_request */
function sequenceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,8}$/.test(text)) return Number(text);
  throw refused('starting_after must be the sequence_number of an event.', 'starting_after');
}

/** @throws WeirError bad_request where nothing may be stored */
export function mustBeStored(isUnstored: boolean): void {
  if (isUnstored) throw refused('A response in the background is stored; leave out "store", or send true.', 'store');
}

function refused(message: string, field?: string): WeirError {
  const details = field === undefined ? {} : { fields: [{ field, message }] };
  return new WeirError('bad_request', { message, details });
}

function notFound(id: string): WeirError {
  const message = `There is no response "${id.slice(0, 200)}"; it was not stored, or is kept no longer.`;
  return new WeirError('not_found', { message, details: { fields: [{ field: 'id', message }] } });
}
