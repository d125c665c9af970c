import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cancelResumable } from '../../core/durable/cancel_resumable.ts';
import { type ChatClaim, takeChat } from '../../core/durable/chats.ts';
import { unavailable } from '../../core/durable/locate_resumable.ts';
import { whileAway } from '../../core/durable/log_store.ts';
import { openResumable } from '../../core/durable/open_resumable.ts';
import { conversationOf } from '../../core/routing/affinity.ts';
import { droppedFields, refuseUnsaid } from '../../core/routing/routing.ts';
import { RUN_PREFIX } from '../../formats/ui_message/read_ui_message_request.ts';
import { uiMessageFormat } from '../../formats/ui_message/ui_message_format.ts';
import { FormatEncoder } from '../endpoints/encoders.ts';
import { keepChat, readChat } from '../endpoints/ui_message_request.ts';
import { abortWhenGone } from '../open_streams.ts';
import type { BodyBudget } from './body_budget.ts';
import { answerChat, chatAnswerRoutes, chatHeaders } from './chat_answer_routes.ts';
import { droppedHeader, HttpSink, streamHeaders } from './http_sink.ts';
import { checkKnobs, traceContextOf, wishOf } from './parse_stream_request.ts';
import { eventStream, unchecked } from './stream_docs.ts';
import type { StreamRouteContext } from './stream_route.ts';

interface ChatContext extends StreamRouteContext {
  budget: BodyBudget;
}

/** The head waits for the provider's own, but not longer than this. */
const HEAD = { after: 'head', timeoutMs: 2_000 } as const;

const HELLO = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Say hello.' }] };

const bodySchema = z.looseObject({
  id: z.string().optional().describe('Of the chat: 1 to 200 characters, not beginning with run_'),
  messages: z.array(z.looseObject({})).describe('UI messages, as useChat sends them'),
  model: z.string().optional().describe('a route, provider/model, or a model of the default provider'),
});

/** The AI SDK's `useChat`: a chat's messages in, a UI message stream out, which can be resumed and stopped. */
export async function chatRoutes(app: FastifyInstance, context: ChatContext): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    request.threadId = `${RUN_PREFIX}${randomUUID()}`;
    reply.header('X-Thread-ID', request.threadId);
    done();
  });
  context.budget.admit(app);
  app.post('/api/v1/chat', {
    schema: {
      summary: "Answer a chat of the AI SDK's useChat",
      description: 'Answers with a UI message stream, version 1. What the chat was answering before is stopped.',
      body: bodySchema.meta({ examples: [{ id: 'my-chat', messages: [HELLO], model: 'fake/demo' }] }),
      consumes: ['application/json'],
      response: { 200: eventStream('The UI message stream') },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: (request, reply) => postChat(context, request, reply),
  });
  chatAnswerRoutes(app, context);
}

async function postChat(context: ChatContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const startedAt = performance.now();
  const { core, instance, access, open, budget } = context;
  const { routing } = core;
  const { threadId } = request;
  const bytes = request.body as Buffer;
  const asked = readChat(bytes, threadId, routing.table.defaultModel, budget.takeForCopies(bytes.length, reply));
  const { chatId, messageId, model, upstream, promptLength } = asked;
  const userId = access.userOf(request);
  const conversation = () => (chatId === undefined ? undefined : conversationOf(userId, chatId));
  const route = routing.selectNamed(model, 'weir', conversation);
  checkKnobs(asked, route);
  open.refuseWhenClosed();
  context.lag.refuseWhenBehind();
  request.body = undefined;
  refuseUnsaid(route, upstream);

  const admit = access.admission(request, reply, ...routing.table.namesOf(route, 'weir'));
  let claim: ChatClaim | undefined;
  const head = { id: messageId, created: Math.floor(Date.now() / 1000), model, instance };
  const dropped = (target: Parameters<typeof droppedFields>[2]) =>
    droppedHeader(droppedFields(route, upstream, target));
  try {
    const opened = await openResumable(core, {
      route,
      request: upstream,
      lengths: { prompt: () => promptLength, body: 0 },
      userId,
      threadId,
      startedAt,
      abort: abortWhenGone(reply, open),
      // A request that is refused takes no chat; the answer before gives its slot to this one.
      admit: async () => {
        await admit?.();
        if (chatId === undefined || !core.streamLog.answering) return;
        claim = await takeChat(core, userId, chatId, threadId).catch(
          whileAway(core.strict ? unavailable : () => undefined),
        );
      },
      head: HEAD,
      generates: true,
      trace: { endpoint: 'ui_message', parent: traceContextOf(request.headers), stream: true },
      compared: () => ({ kind: 'ui_message', userId, asked: undefined }),
      cached: () => {},
      encoder: ({ provider }) => new FormatEncoder(uiMessageFormat, { ...head, provider }, () => ({})),
      whole: () => ({}),
      usageOf: () => undefined,
      sink: (_, target) => {
        const own = reply.getHeaders() as OutgoingHttpHeaders;
        reply.hijack();
        return new HttpSink(
          request.raw,
          reply.raw,
          streamHeaders(threadId, { ...own, ...dropped(target), ...chatHeaders(threadId) }),
        );
      },
      format: 'ui_message',
      kept: keepChat(asked, bytes),
      wish: wishOf(request.raw),
      onRepeat: () => {},
      ownId: false,
      idempotency: undefined,
      claimed: () => claim?.kept,
    });
    if (!opened || opened.kind === 'whole') {
      await claim?.drop();
      return reply;
    }
    const isStopped = claim && !(await claim.holds().catch(whileAway(() => true)));
    if (isStopped) await cancelResumable(core, threadId, { userId, token: undefined });
    const target = core.streams.get(threadId)?.record;
    const delivered = () => void claim?.drop();
    await answerChat(core, opened, { request, reply, delivered, more: target && dropped(target) });
    return reply;
  } catch (error) {
    if (!reply.sent) await claim?.drop();
    throw error;
  }
}
