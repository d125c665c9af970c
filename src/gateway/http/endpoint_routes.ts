import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { comparableText, parseExactly } from '../../core/cache/request_key.ts';
import type { RouteTarget, SelectedRoute } from '../../core/routing/selected_route.ts';
import { runStream } from '../../core/stream/run_stream.ts';
import type { WholeAnswer } from '../../core/stream/stream_exchange.ts';
import type { ModelList } from '../../core/upstream/model_list.ts';
import type { UpstreamRequest } from '../../core/upstream/upstream.ts';
import { promptLengthOf } from '../../core/usage/stream_usage.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Message } from '../../formats/generation_request.ts';
import { type JsonObject, parseObject } from '../../formats/json_object.ts';
import { PROVIDER_STREAM_SILENCE_MS, PROVIDER_WHOLE_SILENCE_MS } from '../../formats/timing.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import { FormatEncoder } from '../endpoints/encoders.ts';
import { ENDPOINTS, type Endpoint } from '../endpoints/endpoint.ts';
import { type EndpointRequest, parseEndpointRequest } from '../endpoints/endpoint_request.ts';
import { abortWhenGone } from '../open_streams.ts';
import { BodyBudget } from './body_budget.ts';
import { conversationOfRequest } from './conversation.ts';
import { HttpSink, streamHeaders } from './http_sink.ts';
import { openAiModels } from './models_routes.ts';
import { parseStreamRequest, threadIdOf, traceContextOf } from './parse_stream_request.ts';
import { eventStream, unchecked } from './stream_docs.ts';
import type { StreamRouteContext } from './stream_route.ts';

/** Images come inside the body. */
const BODY_LIMIT = 32 * 1024 * 1024;

const bodySchema = z.looseObject({
  model: z.string().describe('a route, provider/model, or a model of the default provider'),
  stream: z.boolean().optional(),
});

/** These clients try again by status, so the provider's own head is waited for as long as a heartbeat allows. */
const HEAD = { after: 'answer', timeoutMs: 10_000 } as const;
/** What is parsed as a whole must be small. */
const PARSED_BYTES = 1024 * 1024;

/** Whole or streamed, as the provider sends it. */
function answerOf({ parser }: Endpoint) {
  const whole = { 'application/json': { schema: z.looseObject({}) } };
  const { content } = eventStream('');
  return { description: 'The answer, as the provider sent it', content: parser ? { ...whole, ...content } : whole };
}

/** Names the provider whose refusal an answer is; what has it not, Weir itself refused. */
export const REFUSED_BY = 'X-Weir-Refused-By';

interface EndpointContext extends StreamRouteContext {
  models: ModelList;
}

/** The APIs of others: what comes in goes on as it is, and what comes back as well. */
export async function endpointRoutes(app: FastifyInstance, context: EndpointContext): Promise<void> {
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
  for (const endpoint of ENDPOINTS) endpointRoute(app, context, endpoint);
  openAiModels(app, context.core.routing, context.access, context.models);
}

function endpointRoute(app: FastifyInstance, context: StreamRouteContext, endpoint: Endpoint): void {
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
      const body = request.body as Buffer;
      const asked = parseEndpointRequest(body);
      const { routing } = context.core;
      const userId = context.access.userOf(request);
      const conversation = () => conversationOfRequest({ userId, headers: request.headers }, asked);
      const route = routing.selectNamed(asked.model, endpoint.protocol, conversation);
      context.open.refuseWhenClosed();
      context.lag.refuseWhenBehind();
      const admit = context.access.admission(request, reply, ...routing.table.namesOf(route, endpoint.protocol));
      const { threadId } = request;
      const parsed = parsedFor(route, body, endpoint);
      const head = {
        id: threadId,
        created: Math.floor(Date.now() / 1000),
        model: asked.model,
        body: parsed?.body ?? {},
      };
      const promptLength = parsed ? promptLengthOf(parsed.asked) : body.length;
      const headers = passedOn(endpoint, request);
      const upstreamRequest = requestOf(endpoint, asked, headers, parsed);
      const whole = await runStream(context.core, {
        route,
        request: upstreamRequest,
        lengths: {
          prompt: () => promptLength,
          body: body.length,
        },
        userId,
        threadId,
        startedAt,
        abort: abortWhenGone(reply, context.open),
        admit,
        head: HEAD,
        generates: endpoint.generates,
        trace: { endpoint: endpoint.name, parent: traceContextOf(request.headers), stream: upstreamRequest.stream },
        compared: () => ({
          kind: endpoint.name,
          userId,
          // Parts are written in either shape, so `stream` makes no difference.
          asked:
            parsed && route.targets.every(isFake) ? comparableText(parsed.asked) : comparable(body, asked, headers),
        }),
        cached: (kind) => void reply.header('X-Weir-Cache', kind),
        encoder: () => new FormatEncoder(endpoint.format, head),
        whole: (parts) => endpoint.format.writeAnswer(head, parts),
        usageOf: endpoint.format.usageOf,
        sink: (more) => {
          // What the provider says of its limits goes before what this gateway says of its own.
          const all = { ...(reply.getHeaders() as OutgoingHttpHeaders), ...more };
          reply.hijack();
          return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, all));
        },
      });
      return whole ? sendWhole(reply, whole) : reply;
    },
  });
}

/** The request in each form that a target of its route may want it in. */
function requestOf(
  { protocol, upstreamPath, parser }: Endpoint,
  asked: EndpointRequest,
  headers: Record<string, string>,
  parsed: ParsedRequest | undefined,
): UpstreamRequest {
  const makeParser = asked.stream ? parser : undefined;
  return {
    format: protocol,
    stream: makeParser !== undefined,
    wantsParts: true,
    passed: (model) => ({
      method: 'POST',
      path: upstreamPath,
      body: asked.withModel(model),
      headers: { accept: makeParser ? 'text/event-stream' : 'application/json', ...headers },
      silenceMs: makeParser ? PROVIDER_STREAM_SILENCE_MS : PROVIDER_WHOLE_SILENCE_MS,
    }),
    parser: makeParser && (() => makeParser(asked)),
    generation: () => {
      if (!parsed) throw new WeirError('payload_too_large');
      return parsed.asked;
    },
    forget: () => {
      if (parsed) parsed.asked.messages = undefined;
    },
  };
}

interface ParsedRequest {
  body: JsonObject;
  /** In Weir's own terms. */
  asked: StreamRequest;
}

/**
 * Parses the request where a target of its route is the fake provider, which does not read bytes.
 * @returns undefined where none is, or only one beside others and the body is long: then that one can't be asked
 * @throws WeirError
 */
function parsedFor(route: SelectedRoute, bytes: Buffer, { format }: Endpoint): ParsedRequest | undefined {
  if (!route.targets.some(isFake)) return undefined;
  if (bytes.length > PARSED_BYTES) {
    if (route.targets.every(isFake)) throw new WeirError('payload_too_large');
    return undefined;
  }
  const body = parseObject(bytes.toString());
  if (!body) throw new WeirError('invalid_json');
  const { messages, maxTokens } = format.readRequest(body);
  const said = messages.map((message) => ({ role: message.role, content: textOf(message) }));
  const asked = { messages: said, model: route.targets[0].model, fake: body.fake, max_tokens: maxTokens };
  return { body, asked: parseStreamRequest(asked) };
}

function isFake({ upstream }: RouteTarget): boolean {
  return upstream.isFake;
}

/** The fake provider reads words only. */
function textOf({ parts }: Message): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      return part.type === 'tool_result' ? textOf({ role: 'tool', parts: part.parts }) : '';
    })
    .join('\n');
}

/** More than this is not compared: reading it would cost more than it is likely to save. */
const COMPARED_BYTES = 1024 * 1024;

/** Body and headers that the provider gets. Of several choices not all are known to have ended as they should. */
function comparable(body: Buffer, { n }: EndpointRequest, headers: Record<string, string>): object | undefined {
  const read = body.length > COMPARED_BYTES || n > 1 ? undefined : parseExactly(body.toString());
  return read === undefined ? undefined : { body: read, headers };
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
  const { status, headers, contentType, provider, body } = answer;
  reply.headers(headers);
  // In the provider's words its 401 reads like one of ours, which would be about the client's key.
  if (status >= 400) reply.header(REFUSED_BY, provider);
  return reply
    .status(status)
    .type(contentType || 'application/octet-stream')
    .send(Buffer.from(body, 'latin1'));
}
