import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseExactly } from '../../core/cache/cache_key.ts';
import { handlePassthrough, type WholeAnswer } from '../../core/passthrough/handle_passthrough.ts';
import type { ModelList } from '../../core/passthrough/model_list.ts';
import type { Origin } from '../../core/passthrough/origin.ts';
import type { SelectedRoute } from '../../core/routing/selected_route.ts';
import { PROVIDER_STREAM_SILENCE_MS, PROVIDER_WHOLE_SILENCE_MS } from '../../formats/timing.ts';
import { DOORS, type Door } from '../doors/door.ts';
import { abortWhenGone } from './abort_when_gone.ts';
import { BodyBudget } from './body_budget.ts';
import { type DoorRequest, parseDoorRequest } from './door_request.ts';
import { HttpSink } from './http_sink.ts';
import { localAnswer } from './local_answer.ts';
import { openAiModels } from './openai_models.ts';
import { threadIdOf } from './parse_stream_request.ts';
import { eventStream, unchecked } from './stream_docs.ts';
import { streamHeaders } from './stream_headers.ts';
import type { StreamRouteContext } from './stream_route.ts';
import { traceContextOf } from './trace_context_of.ts';

/** Images come inside the body. */
const BODY_LIMIT = 32 * 1024 * 1024;

const bodySchema = z.looseObject({
  model: z.string().describe('a route, provider/model, or a model of the default provider'),
  stream: z.boolean().optional(),
});

/** Whole or streamed, as the provider sends it. */
function answerOf({ reader }: Door) {
  const whole = { 'application/json': { schema: z.looseObject({}) } };
  const { content } = eventStream('');
  return { description: 'The answer, as the provider sent it', content: reader ? { ...whole, ...content } : whole };
}

/** Names the provider whose refusal an answer is; what has it not, Weir itself refused. */
export const REFUSED_BY = 'X-Weir-Refused-By';

interface DoorContext extends StreamRouteContext {
  models: ModelList;
}

/** The APIs of others: what comes in goes on as it is, and what comes back as well. */
export async function doorRoutes(app: FastifyInstance, context: DoorContext): Promise<void> {
  const budget = new BodyBudget(BODY_LIMIT);
  app.removeAllContentTypeParsers();
  // Not parsed: see jsonFields.
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', (request, reply, done) => {
    request.threadId = threadIdOf(request.headers['x-thread-id']);
    // Anthropic's clients know it by a name of their own.
    const name = request.url.startsWith('/v1/messages') ? 'Request-Id' : 'X-Request-Id';
    reply.headers({ [name]: request.threadId, 'X-Thread-ID': request.threadId });
    budget.take(request, reply);
    done();
  });
  for (const door of DOORS) doorRoute(app, context, door);
  openAiModels(app, context.core.routing, context.access, context.models);
}

function doorRoute(app: FastifyInstance, context: StreamRouteContext, door: Door): void {
  app.post(door.path, {
    schema: {
      summary: door.summary,
      body: bodySchema.meta({ examples: [door.example] }),
      consumes: ['application/json'],
      response: { 200: answerOf(door) },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const startedAt = performance.now();
      const asked = parseDoorRequest(request.body as Buffer);
      const { routing } = context.core;
      const found = routing.selectDoor(asked.model, door.protocol);
      context.open.refuseWhenClosed();
      context.lag.refuseWhenBehind();
      const admit = context.access.admission(
        request,
        reply,
        ...routing.table.namesOf('local' in found ? found.local : found.passed, door.protocol),
      );
      const exchange = { request, reply, startedAt, admit };
      if ('local' in found) return (await localAnswer(context, door, found.local, asked, exchange)) ?? reply;
      const whole = await passOn(context, door, found.passed, asked, exchange);
      return whole ? sendWhole(reply, whole) : reply;
    },
  });
}

interface Exchange {
  request: FastifyRequest;
  reply: FastifyReply;
  startedAt: number;
  admit: (() => Promise<void>) | undefined;
}

function passOn(
  context: StreamRouteContext,
  door: Door,
  route: SelectedRoute<Origin>,
  asked: DoorRequest,
  exchange: Exchange,
) {
  const { request, reply, startedAt, admit } = exchange;
  const { threadId } = request;
  const reader = asked.stream ? door.reader : undefined;
  return handlePassthrough(context.core, {
    route,
    call: (model) => ({
      method: 'POST',
      path: door.upstreamPath,
      body: asked.withModel(model),
      headers: { accept: reader ? 'text/event-stream' : 'application/json', ...passedOn(door, request) },
      silenceMs: reader ? PROVIDER_STREAM_SILENCE_MS : PROVIDER_WHOLE_SILENCE_MS,
    }),
    userId: context.access.userOf(request),
    threadId,
    startedAt,
    abort: abortWhenGone(reply, context.open),
    admit,
    bodyLength: (request.body as Buffer).length,
    generates: door.generates,
    trace: { door: door.name, parent: traceContextOf(request.headers), stream: reader !== undefined },
    reader: reader && (() => reader(asked)),
    asked: () => comparable(request.body as Buffer, asked, passedOn(door, request)),
    cached: (kind) => void reply.header('X-Weir-Cache', kind),
    dialect: door.dialect,
    sink: (headers) => {
      // What the provider says of its limits goes before what this gateway says of its own.
      const all = { ...(reply.getHeaders() as OutgoingHttpHeaders), ...headers };
      reply.hijack();
      return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, all), true);
    },
  });
}

/** More than this is not compared: reading it would cost more than it is likely to save. */
const COMPARED_BYTES = 1024 * 1024;

/** Body and headers that the provider gets. Of several choices not all are known to have ended as they should. */
function comparable(body: Buffer, { n }: DoorRequest, headers: Record<string, string>): object | undefined {
  const read = body.length > COMPARED_BYTES || n > 1 ? undefined : parseExactly(body.toString());
  return read === undefined ? undefined : { body: read, headers };
}

function passedOn({ headers }: Door, request: FastifyRequest): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, otherwise] of Object.entries(headers)) {
    const value = request.headers[name] ?? otherwise;
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

function sendWhole(reply: FastifyReply, answer: WholeAnswer): FastifyReply {
  const { status, headers, contentType, provider, body } = answer;
  reply.headers(headers);
  // In the provider's words its 401 reads like one of ours, which would be about the client's key.
  if (status >= 400) reply.header(REFUSED_BY, provider);
  return reply
    .status(status)
    .type(contentType || 'application/octet-stream')
    .send(Buffer.from(body, 'latin1'));
}
