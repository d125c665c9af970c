import type { FastifyReply, FastifyRequest } from 'fastify';
import { handleStream } from '../../core/handle_stream.ts';
import { promptLengthOf } from '../../core/usage/stream_usage.ts';
import { WeirError } from '../../protocol/error_code.ts';
import type { StreamRequest } from '../../protocol/stream_request.ts';
import { LOCAL_PROVIDER } from '../../protocol/weir_config.ts';
import { ChatDoor } from '../doors/chat_door.ts';
import { WholeChat } from '../doors/whole_chat.ts';
import { abortWhenGone } from './abort_when_gone.ts';
import type { DoorRequest } from './door_request.ts';
import { HttpSink } from './http_sink.ts';
import { parseStreamRequest } from './parse_stream_request.ts';
import { streamHeaders } from './stream_headers.ts';
import type { StreamRouteContext } from './stream_route.ts';
import { traceContextOf } from './trace_context_of.ts';

/** What is parsed as a whole must be small. */
const BODY_LIMIT = 1024 * 1024;

/** What a provider in this process reads of a chat completion's request. */
interface ChatBody {
  messages?: unknown;
  max_tokens?: unknown;
  stream_options?: { include_usage?: unknown } | null;
  fake?: unknown;
}

/** A chat completion by a provider whose answers are made here, and put into OpenAI's frames. */
export async function localChat(
  context: StreamRouteContext,
  { provider, model }: { provider: string | undefined; model: string },
  asked: DoorRequest,
  exchange: {
    request: FastifyRequest;
    reply: FastifyReply;
    startedAt: number;
    admit: (() => Promise<void>) | undefined;
  },
): Promise<object | undefined> {
  const { request, reply, startedAt, admit } = exchange;
  const { threadId } = request;
  const body = parseBody(request.body as Buffer);
  const head = { id: `chatcmpl-${threadId}`, created: Math.floor(Date.now() / 1000), model: asked.model };
  const whole = asked.stream ? undefined : new WholeChat(head);
  const includeUsage = body.stream_options?.include_usage === true;
  const streamed = streamRequest(body, provider, model);
  await handleStream(context.core, {
    request: streamed,
    promptLength: promptLengthOf(streamed),
    userId: context.access.userOf(request),
    threadId,
    startedAt,
    abort: abortWhenGone(reply, context.open),
    admit,
    trace: { door: 'chat', parent: traceContextOf(request.headers), stream: asked.stream },
    cached: (kind) => void reply.header('X-Weir-Cache', kind),
    encoder: () => whole ?? new ChatDoor(head, includeUsage),
    sink: () => {
      if (whole) return whole;
      const headers = reply.getHeaders() as Record<string, string>;
      reply.hijack();
      return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, headers));
    },
  });
  return whole?.take();
}

function parseBody(body: Buffer): ChatBody {
  if (body.length > BODY_LIMIT) throw new WeirError('payload_too_large');
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new WeirError('invalid_json');
  }
}

/** @throws WeirError validation_error */
function streamRequest(
  { messages, fake, max_tokens }: ChatBody,
  provider: string | undefined,
  model: string,
): StreamRequest {
  const request = { messages: messages ?? [], provider, model, fake, max_tokens: max_tokens ?? undefined };
  return parseStreamRequest(request, LOCAL_PROVIDER);
}
