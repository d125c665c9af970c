import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseExactly } from '../../core/cache/request_key.ts';
import type { KeptRequest } from '../../core/durable/kept_request.ts';
import { openResumable } from '../../core/durable/open_resumable.ts';
import type { SpanTarget } from '../../core/observe/stream_span.ts';
import { droppedFields, refuseUnsaid } from '../../core/routing/routing.ts';
import type { RouteTarget } from '../../core/routing/selected_route.ts';
import { runStream } from '../../core/stream/run_stream.ts';
import type { StreamExchange, WholeAnswer } from '../../core/stream/stream_exchange.ts';
import type { ModelList } from '../../core/upstream/model_list.ts';
import type { JsonObject } from '../../formats/json_object.ts';
import { FormatEncoder } from '../endpoints/encoders.ts';
import { ENDPOINTS, type Endpoint } from '../endpoints/endpoint.ts';
import { bodyRequest, type EndpointRequest, parseBody, parseEndpointRequest } from '../endpoints/endpoint_request.ts';
import { estimatedTokens } from '../endpoints/estimated_tokens.ts';
import { abortWhenGone } from '../open_streams.ts';
import type { BodyBudget } from './body_budget.ts';
import { conversationOfRequest } from './conversation.ts';
import { droppedHeader, HttpSink, streamHeaders } from './http_sink.ts';
import { listedModels } from './models_routes.ts';
import { asksToResume, idempotencyOf, threadIdOf, traceContextOf, wishOf } from './parse_stream_request.ts';
import { mustBeStored, responseNow } from './responses_routes.ts';
import { sendResumable } from './send_resumable.ts';
import { eventStream, unchecked } from './stream_docs.ts';
import type { StreamRouteContext } from './stream_route.ts';

const bodySchema = z.looseObject({
  model: z.string().describe('a route, provider/model, or a model of the default provider'),
  stream: z.boolean().optional(),
});

/** These clients try again by status, so the provider's own head is waited for as long as a heartbeat allows. */
const HEAD = { after: 'answer', timeoutMs: 10_000 } as const;

/** A response that runs in the background answers at once: how it goes on is read later. */
const BACKGROUND_HEAD = { after: 'head', timeoutMs: 0 } as const;

/** Whole or streamed, in the format of the endpoint. */
function answerOf({ parser }: Endpoint) {
  const whole = { 'application/json': { schema: z.looseObject({}) } };
  const { content } = eventStream('');
  return {
    description: 'The answer: as the provider sent it, or written in this format',
    content: parser ? { ...whole, ...content } : whole,
  };
}

/** Names the provider whose refusal an answer is; what has it not, Weir itself refused. */
export const REFUSED_BY = 'X-Weir-Refused-By';

/** Names the fields of an answer that the provider did not count. */
export const ESTIMATED = 'X-Weir-Estimated';

interface EndpointContext extends StreamRouteContext {
  budget: BodyBudget;
  models: ModelList;
}

/** The APIs of others: what comes in goes on as it is to a provider of the same format, and is translated for any other. */
export async function endpointRoutes(app: FastifyInstance, context: EndpointContext): Promise<void> {
  const { budget } = context;
  app.addHook('onRequest', (request, reply, done) => {
    request.threadId = threadIdOf(request.headers['x-thread-id']);
    // Anthropic's clients know it by a name of their own.
    const name = request.url.startsWith('/v1/messages') ? 'Request-Id' : 'X-Request-Id';
    reply.headers({ [name]: request.threadId, 'X-Thread-ID': request.threadId });
    done();
  });
  // Not parsed: see jsonFields.
  budget.admit(app);
  for (const endpoint of ENDPOINTS) endpointRoute(app, context, endpoint, budget);
  listedModels(app, context.core.routing, context.access, context.models);
}

function endpointRoute(
  app: FastifyInstance,
  context: StreamRouteContext,
  endpoint: Endpoint,
  budget: BodyBudget,
): void {
  app.post(endpoint.path, {
    schema: {
      summary: endpoint.summary,
      body: bodySchema.meta({ examples: [endpoint.example] }),
      consumes: ['application/json'],
      response: { 200: answerOf(endpoint) },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const startedAt = performance.now();
      const bytes = request.body as Buffer;
      const asked = parseEndpointRequest(bytes);
      const background = endpoint.protocol === 'responses' && asked.background;
      if (background) mustBeStored(asked.isUnstored);
      const { routing } = context.core;
      const userId = context.access.userOf(request);
      const conversation = () => conversationOfRequest({ userId, headers: request.headers }, asked);
      const route = routing.selectNamed(asked.model, endpoint.protocol, conversation);
      context.open.refuseWhenClosed();
      context.lag.refuseWhenBehind();
      const admit = context.access.admission(request, reply, ...routing.table.namesOf(route, endpoint.protocol));
      const abort = abortWhenGone(reply, context.open);
      const isResumable =
        background || (asked.stream && endpoint.parser !== undefined && (route.resumable || asksToResume(request.raw)));
      // Before anything is made of the body: that costs more, the longer it is.
      if (admit && !isResumable) await admit();
      const takeRoom = () => budget.takeForCopies(bytes.length, reply);
      if (endpoint.protocol === 'count_tokens' && !route.targets[0].upstream.serves('count_tokens')) {
        takeRoom();
        return reply.header(ESTIMATED, 'input_tokens').send({ input_tokens: estimatedTokens(parseBody(bytes)) });
      }
      const { threadId } = request;
      const headers = passedOn(endpoint, request);
      // Its events are ours, and so are its ids: its upstream is asked for parts.
      const wanted = background ? { ...asked, stream: true } : asked;
      const body = bodyRequest(endpoint, wanted, bytes, headers, takeRoom, { inParts: background });
      // A repeat of a resumable stream is not counted, and its body is not read again.
      const admitLater = async () => {
        await admit?.();
        refuseUnsaid(route, body.upstream);
      };
      if (!isResumable) refuseUnsaid(route, body.upstream);
      const head = { id: threadId, created: Math.floor(Date.now() / 1000), model: asked.model };
      const exchange: StreamExchange = {
        route,
        request: body.upstream,
        lengths: { prompt: () => body.promptLength(), body: bytes.length },
        userId,
        threadId,
        startedAt,
        abort,
        admit: isResumable ? admitLater : undefined,
        head: background ? BACKGROUND_HEAD : HEAD,
        generates: endpoint.generates,
        trace: { endpoint: endpoint.name, parent: traceContextOf(request.headers), stream: body.upstream.stream },
        compared: () => ({
          kind: endpoint.name,
          userId,
          asked: comparable(bytes, asked, route.targets.some(isNative(endpoint)) ? headers : undefined),
        }),
        cached: (kind) => void reply.header('X-Weir-Cache', kind),
        encoder: () =>
          new FormatEncoder(endpoint.format, head, body.repeated, { saysNotices: asksToResume(request.raw) }),
        whole: (parts) => endpoint.format.writeAnswer({ ...head, body: body.repeated() }, parts),
        usageOf: endpoint.format.usageOf,
        sink: (more, target) => {
          // What the provider says of its limits goes before what this gateway says of its own.
          const own = reply.getHeaders() as OutgoingHttpHeaders;
          const all = { ...own, ...more, ...droppedHeader(droppedFields(route, body.upstream, target)) };
          reply.hijack();
          return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, all));
        },
      };
      const dropped = (target: SpanTarget) => droppedHeader(droppedFields(route, body.upstream, target));
      if (!isResumable) {
        const whole = await runStream(context.core, exchange);
        return whole ? sendWhole(reply.headers(dropped(whole.target)), whole) : reply;
      }
      using seat = new DisposableStack();
      const wish = wishOf(request.raw);
      const opened = await openResumable(context.core, {
        ...exchange,
        format: endpoint.name,
        background,
        kept: keptBody(endpoint, bytes, headers),
        wish,
        onRepeat: () => void seat.use(context.readers.take(userId)),
        ownId: request.headers['x-thread-id'] !== undefined,
        idempotency: idempotencyOf(request.headers['idempotency-key'], [endpoint.name, JSON.stringify(headers), bytes]),
      });
      if (!opened) return reply;
      if (opened.kind === 'whole') return sendWhole(reply.headers(dropped(opened.target)), opened);
      if (background && !asked.stream) return responseNow(context.core, { id: opened.threadId, userId });
      const stream = context.core.streams.get(opened.threadId);
      const own = reply.getHeaders() as OutgoingHttpHeaders;
      const answer = { request: request.raw, response: reply.raw, wheel: context.core.wheel, cursor: undefined, wish };
      reply.hijack();
      await sendResumable(opened, {
        ...answer,
        threadId: opened.threadId,
        headers: { ...own, ...stream?.headers, ...(stream && dropped(stream.record)) },
      });
      return reply;
    },
  });
}

/** A longer body is not kept: its stream can be read again, and is not continued by another instance. */
const KEPT_BYTES = 1024 * 1024;

function keptBody({ name }: Endpoint, bytes: Buffer, headers: Record<string, string>): KeptRequest | undefined {
  return bytes.length > KEPT_BYTES ? undefined : { endpoint: name, body: bytes.toString(), headers };
}

/** Whether a target may get the client's bytes, and so answers in bytes. */
function isNative({ protocol }: Endpoint): (target: RouteTarget) => boolean {
  return ({ upstream }) => !upstream.isFake && upstream.speaks.some((format) => format === protocol);
}

/** More than this is not compared: reading it would cost more than it is likely to save. */
const COMPARED_BYTES = 1024 * 1024;

/**
 * Body and headers that the provider gets. Of several choices not all are known to have ended as they should.
 * @param headers undefined where every answer comes in parts: those can be written streamed or whole, for any client
 */
function comparable(
  bytes: Buffer,
  { n }: EndpointRequest,
  headers: Record<string, string> | undefined,
): object | undefined {
  const body = bytes.length > COMPARED_BYTES || n > 1 ? undefined : parseExactly(bytes);
  if (body === undefined || headers) return body === undefined ? undefined : { body, headers };
  const { stream, stream_options, ...asked } = body as JsonObject;
  return { body: asked };
}

function passedOn({ headers }: Endpoint, request: FastifyRequest): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, otherwise] of Object.entries(headers)) {
    const value = request.headers[name] ?? otherwise;
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

function sendWhole(reply: FastifyReply, answer: WholeAnswer): FastifyReply {
  const { status, headers, contentType, target, body } = answer;
  reply.headers(headers);
  // In the provider's words its 401 reads like one of ours, which would be about the client's key.
  if (status >= 400) reply.header(REFUSED_BY, target.provider);
  return reply
    .status(status)
    .type(contentType || 'application/octet-stream')
    .send(Buffer.from(body, 'latin1'));
}
