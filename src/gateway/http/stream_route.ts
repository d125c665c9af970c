import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { comparableText } from '../../core/cache/request_key.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { openResumable } from '../../core/durable/open_resumable.ts';
import type { LoopLag } from '../../core/resilience/loop_lag.ts';
import { droppedFields, refuseUnsaid } from '../../core/routing/routing.ts';
import { runStream } from '../../core/stream/run_stream.ts';
import type { StreamExchange } from '../../core/stream/stream_exchange.ts';
import { weirRequest } from '../../core/upstream/client_request.ts';
import { promptLengthOf } from '../../core/usage/stream_usage.ts';
import { WeirError } from '../../formats/error_code.ts';
import { streamRequestSchema } from '../../formats/weir/stream_request.ts';
import { WeirEncoder } from '../endpoints/encoders.ts';
import { abortWhenGone, type OpenStreams } from '../open_streams.ts';
import type { Access } from './access.ts';
import { conversationOfStream } from './conversation.ts';
import { droppedHeader, HttpSink, streamHeaders } from './http_sink.ts';
import {
  checkKnobs,
  idempotencyOf,
  parseStreamRequest,
  threadIdOf,
  traceContextOf,
  wishOf,
} from './parse_stream_request.ts';
import type { ReaderCounts } from './reader_counts.ts';
import { sendResumable } from './send_resumable.ts';
import { eventStream, openHeadersSchema, REQUEST_EXAMPLE, STREAM_EXAMPLE, unchecked } from './stream_docs.ts';

/** The head waits for the provider's own, but not longer than this. */
const HEAD = { after: 'head', timeoutMs: 2_000 } as const;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on stream routes, so that refusals can name it too. */
    threadId: string;
  }
}

/** What the route needs of its instance. */
export interface StreamRouteContext {
  core: DurableCore;
  instance: string;
  access: Access;
  open: OpenStreams;
  lag: LoopLag;
  readers: ReaderCounts;
}

/** `POST /api/v1/stream`: parses, then leaves everything to {@link runStream}. */
export function streamRoute(app: FastifyInstance, context: StreamRouteContext): void {
  const { core, instance, open } = context;
  app.decorateRequest('threadId', '');

  app.post('/api/v1/stream', {
    schema: {
      summary: 'Open a stream',
      description: 'Answers with text/event-stream: status, chunks, then complete and [DONE], or error.',
      body: streamRequestSchema.meta({ examples: [REQUEST_EXAMPLE] }),
      headers: openHeadersSchema,
      consumes: ['application/json'],
      response: { 200: eventStream('The stream', STREAM_EXAMPLE) },
    },
    config: { wantsKey: true },
    // The parser below names all bad fields at once, headers included.
    validatorCompiler: unchecked,
    onRequest: (request: FastifyRequest, _: FastifyReply, done: () => void) => {
      if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
        throw new WeirError('unsupported_media_type');
      }
      done();
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const startedAt = performance.now();
      request.threadId = threadIdOf(request.headers['x-thread-id']);
      const { routing } = core;
      const body = parseStreamRequest(request.body);
      const userId = context.access.userOf(request);
      const conversation = () => conversationOfStream({ userId, headers: request.headers }, body);
      const route = routing.select(body, conversation);
      checkKnobs(body, route);
      open.refuseWhenClosed();
      context.lag.refuseWhenBehind();

      // What was parsed is a copy of it.
      request.body = undefined;

      const { threadId } = request;
      const admit = context.access.admission(request, reply, ...routing.table.namesOf(route, 'weir'));
      const asked = weirRequest(body);
      refuseUnsaid(route, asked);
      const abort = abortWhenGone(reply, open);
      const promptLength = promptLengthOf(body);
      const exchange: StreamExchange = {
        route,
        request: asked,
        lengths: { prompt: () => promptLength, body: 0 },
        userId,
        threadId,
        startedAt,
        abort,
        admit,
        head: HEAD,
        generates: true,
        trace: { endpoint: 'weir', parent: traceContextOf(request.headers), stream: true },
        compared: () => ({ kind: 'text', userId, asked: comparableText(body) }),
        cached: (kind) => void reply.header('X-Weir-Cache', kind),
        encoder: ({ provider, model }) =>
          new WeirEncoder(
            { status: 'validated', thread_id: threadId, instance, model, provider },
            promptLength,
            body.parts === true,
          ),
        whole: () => ({}),
        usageOf: () => undefined,
        sink: (_, target) => {
          const own = reply.getHeaders() as OutgoingHttpHeaders;
          reply.hijack();
          const headers = streamHeaders(threadId, { ...own, ...droppedHeader(droppedFields(route, asked, target)) });
          return new HttpSink(request.raw, reply.raw, headers);
        },
      };
      if (!body.resumable) {
        await runStream(core, exchange);
        return reply;
      }
      // Its own stream has a slot; a repeat reads another's, and takes none.
      using seat = new DisposableStack();
      const wish = wishOf(request.raw);
      const located = await openResumable(core, {
        ...exchange,
        format: body.parts ? 'weir_parts' : 'text',
        kept: body,
        wish,
        onRepeat: () => void seat.use(context.readers.take(exchange.userId)),
        ownId: request.headers['x-thread-id'] !== undefined,
        idempotency: idempotencyOf(request.headers['idempotency-key'], [JSON.stringify(body)]),
      });
      if (!located || located.kind === 'whole') return reply;
      // A repeat may read a stream that is over, or another instance's.
      const running = core.streams.get(located.threadId)?.record;
      const target = running ?? (await core.store.read(located.threadId).catch(() => undefined));
      const dropped = target ? droppedHeader(droppedFields(route, asked, target)) : {};
      const headers = { ...(reply.getHeaders() as OutgoingHttpHeaders), ...dropped };
      reply.hijack();
      const answer = { request: request.raw, response: reply.raw, headers, wheel: core.wheel };
      await sendResumable(located, { ...answer, threadId: located.threadId, cursor: undefined, wish });
      return reply;
    },
  });
}
