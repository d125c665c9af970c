import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { conversationOf } from '../../core/routing/affinity.ts';
import { droppedFields, refuseUnsaid } from '../../core/routing/routing.ts';
import { runStream } from '../../core/stream/run_stream.ts';
import { RUN_PREFIX } from '../../formats/ui_message/read_ui_message_request.ts';
import { uiMessageFormat } from '../../formats/ui_message/ui_message_format.ts';
import { FormatEncoder } from '../endpoints/encoders.ts';
import { readChat } from '../endpoints/ui_message_request.ts';
import { abortWhenGone } from '../open_streams.ts';
import type { BodyBudget } from './body_budget.ts';
import { droppedHeader, HttpSink, streamHeaders } from './http_sink.ts';
import { checkKnobs, traceContextOf } from './parse_stream_request.ts';
import { eventStream, unchecked } from './stream_docs.ts';
import type { StreamRouteContext } from './stream_route.ts';

interface ChatContext extends StreamRouteContext {
  budget: BodyBudget;
}

/** The head waits for the provider's own, but not longer than this. */
const HEAD = { after: 'head', timeoutMs: 2_000 } as const;

/** By this its clients know the stream. */
const PROTOCOL = { 'x-vercel-ai-ui-message-stream': 'v1' };

const HELLO = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Say hello.' }] };

const bodySchema = z.looseObject({
  id: z.string().optional().describe('Of the chat: 1 to 200 characters, not beginning with run_'),
  messages: z.array(z.looseObject({})).describe('UI messages, as useChat sends them'),
  model: z.string().optional().describe('a route, provider/model, or a model of the default provider'),
});

/** The AI SDK's `useChat`, with its default transport: a chat's messages in, a UI message stream out. */
export async function chatRoutes(app: FastifyInstance, context: ChatContext): Promise<void> {
  const { core, instance, access, open, budget } = context;
  app.addHook('onRequest', (request, reply, done) => {
    request.threadId = `${RUN_PREFIX}${randomUUID()}`;
    reply.header('X-Thread-ID', request.threadId);
    done();
  });
  budget.admit(app);

  app.post('/api/v1/chat', {
    schema: {
      summary: "Answer a chat of the AI SDK's useChat",
      description: 'Answers with a UI message stream, version 1.',
      body: bodySchema.meta({ examples: [{ id: 'my-chat', messages: [HELLO], model: 'fake/demo' }] }),
      consumes: ['application/json'],
      response: { 200: eventStream('The UI message stream') },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: async (request, reply) => {
      const startedAt = performance.now();
      const { routing } = core;
      const bytes = request.body as Buffer;
      const giveRoomBack = budget.takeForCopies(bytes.length, reply);
      const asked = readChat(bytes, routing.table.defaultModel, giveRoomBack);
      const userId = access.userOf(request);
      const { chatId, messageId, model, upstream, promptLength } = asked;
      const conversation = () => (chatId === undefined ? undefined : conversationOf(userId, chatId));
      const route = routing.selectNamed(model, 'weir', conversation);
      checkKnobs(asked, route);
      open.refuseWhenClosed();
      context.lag.refuseWhenBehind();

      request.body = undefined;
      const { threadId } = request;
      const admit = access.admission(request, reply, ...routing.table.namesOf(route, 'weir'));
      refuseUnsaid(route, upstream);
      const head = {
        id: messageId ?? `msg_${threadId.slice(RUN_PREFIX.length)}`,
        created: Math.floor(Date.now() / 1000),
        model,
        instance,
      };
      await runStream(core, {
        route,
        request: upstream,
        lengths: { prompt: () => promptLength, body: 0 },
        userId,
        threadId,
        startedAt,
        abort: abortWhenGone(reply, open),
        admit,
        head: HEAD,
        generates: true,
        trace: { endpoint: 'ui_message', parent: traceContextOf(request.headers), stream: true },
        compared: () => ({ kind: 'ui_message', userId, asked: undefined }),
        cached: (kind) => void reply.header('X-Weir-Cache', kind),
        encoder: ({ provider }) => new FormatEncoder(uiMessageFormat, { ...head, provider }, () => ({})),
        whole: () => ({}),
        usageOf: () => undefined,
        sink: (_, target) => {
          const own = reply.getHeaders() as OutgoingHttpHeaders;
          reply.hijack();
          const dropped = droppedHeader(droppedFields(route, upstream, target));
          return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, { ...own, ...dropped, ...PROTOCOL }));
        },
      });
      return reply;
    },
  });
}
