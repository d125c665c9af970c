import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { handlePassthrough, type WholeAnswer } from '../../core/passthrough/handle_passthrough.ts';
import { ModelList } from '../../core/passthrough/model_list.ts';
import type { Origin } from '../../core/passthrough/origin.ts';
import type { OriginRegistry } from '../../core/passthrough/origin_registry.ts';
import { DOORS, type Door } from '../doors/door.ts';
import { abortWhenGone } from './abort_when_gone.ts';
import { BodyBudget } from './body_budget.ts';
import { type DoorRequest, parseDoorRequest } from './door_request.ts';
import { HttpSink } from './http_sink.ts';
import { localChat } from './local_chat.ts';
import { openAiModels } from './openai_models.ts';
import { threadIdOf } from './parse_stream_request.ts';
import { streamHeaders } from './stream_headers.ts';
import type { StreamRouteContext } from './stream_route.ts';

/** Images come inside the body. */
const BODY_LIMIT = 32 * 1024 * 1024;
/** A model that thinks may be silent for long, in the middle of a stream too. */
const STREAM_SILENCE_MS = 180_000;
/** Nothing fills the silence before a whole answer: just below the 300 s after which NGINX gives up. */
const WHOLE_SILENCE_MS = 290_000;

const bodySchema = z.looseObject({
  model: z.string().describe('provider/model, or a model of the default provider'),
  stream: z.boolean().optional(),
});

export interface DoorContext extends StreamRouteContext {
  origins: OriginRegistry;
}

/** The APIs of others: what comes in goes on as it is, and what comes back as well. */
export async function doorRoutes(app: FastifyInstance, context: DoorContext): Promise<void> {
  const budget = new BodyBudget(BODY_LIMIT);
  app.removeAllContentTypeParsers();
  // Not parsed: see jsonFields.
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', async (request, reply) => {
    request.threadId = threadIdOf(request.headers['x-thread-id']);
    // Anthropic's clients know it by a name of their own.
    const name = request.url.startsWith('/v1/messages') ? 'Request-Id' : 'X-Request-Id';
    reply.headers({ [name]: request.threadId, 'X-Thread-ID': request.threadId });
    budget.take(request, reply);
  });
  for (const door of DOORS) doorRoute(app, context, door);
  openAiModels(app, context.core.providers, context.access, new ModelList(context.origins.all));
}

function doorRoute(app: FastifyInstance, context: DoorContext, door: Door): void {
  app.post(door.path, {
    schema: {
      summary: door.summary,
      body: bodySchema,
      consumes: ['application/json'],
      produces: door.reader ? ['application/json', 'text/event-stream'] : ['application/json'],
    },
    config: { wantsKey: true },
    validatorCompiler: () => (value: unknown) => ({ value }),
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const startedAt = performance.now();
      const asked = parseDoorRequest(request.body as Buffer);
      const target = context.origins.select(asked.model, door.protocol);
      const { provider, origin, model } = target;
      context.open.refuseWhenClosed();
      context.lag.refuseWhenBehind();
      const admit = context.access.admission(request, reply, asked.model, `${provider}/${model}`);
      const exchange = { request, reply, startedAt, admit };
      if (!origin) return (await localChat(context, target, asked, exchange)) ?? reply;
      const whole = await passOn(context, door, origin, { ...asked, model }, exchange);
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

function passOn(context: DoorContext, door: Door, origin: Origin, asked: DoorRequest, exchange: Exchange) {
  const { request, reply, startedAt, admit } = exchange;
  const { threadId } = request;
  const streamed = asked.stream && door.reader !== undefined;
  return handlePassthrough(context.core, {
    origin,
    call: {
      method: 'POST',
      path: door.upstreamPath,
      body: asked.withModel(asked.model),
      headers: { accept: streamed ? 'text/event-stream' : 'application/json', ...passedOn(door, request) },
      silenceMs: streamed ? STREAM_SILENCE_MS : WHOLE_SILENCE_MS,
    },
    model: asked.model,
    userId: context.access.userOf(request),
    threadId,
    startedAt,
    abort: abortWhenGone(reply, context.open),
    admit,
    reader: streamed ? door.reader?.(asked) : undefined,
    dialect: door.dialect,
    sink: (headers) => {
      // What the provider says of its limits goes before what this gateway says of its own.
      const all = { ...(reply.getHeaders() as OutgoingHttpHeaders), ...headers };
      reply.hijack();
      return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, all), true);
    },
  });
}

function passedOn({ headers }: Door, request: FastifyRequest): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, otherwise] of Object.entries(headers)) {
    const value = request.headers[name] ?? otherwise;
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

function sendWhole(reply: FastifyReply, { status, headers, contentType, body }: WholeAnswer): FastifyReply {
  reply.headers(headers);
  return reply
    .status(status)
    .type(contentType || 'application/octet-stream')
    .send(Buffer.from(body, 'latin1'));
}
