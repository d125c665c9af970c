import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOCAL_PROVIDER } from '../../config/weir_config.ts';
import { handleStream } from '../../core/handle_stream.ts';
import type { Provider } from '../../core/provider/provider.ts';
import type { SelectedRoute } from '../../core/routing/selected_route.ts';
import { promptLengthOf } from '../../core/usage/stream_usage.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Format } from '../../formats/format.ts';
import type { Message } from '../../formats/generation_request.ts';
import { type JsonObject, parseObject } from '../../formats/json_shape.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { Door } from '../doors/door.ts';
import { FormatEncoder, WholeAnswer } from '../doors/format_encoder.ts';
import { abortWhenGone } from './abort_when_gone.ts';
import type { DoorRequest } from './door_request.ts';
import { HttpSink } from './http_sink.ts';
import { parseStreamRequest } from './parse_stream_request.ts';
import { streamHeaders } from './stream_headers.ts';
import type { StreamRouteContext } from './stream_route.ts';
import { traceContextOf } from './trace_context_of.ts';

/** What is parsed as a whole must be small. */
const BODY_LIMIT = 1024 * 1024;

/** An answer that the provider in this process makes, in the format of the client. */
export async function localAnswer(
  context: StreamRouteContext,
  { name, format }: { name: Door['name']; format: Format },
  route: SelectedRoute<Provider>,
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
  const head = { id: threadId, created: Math.floor(Date.now() / 1000), model: asked.model, body };
  const whole = asked.stream ? undefined : new WholeAnswer(format, head);
  const [target] = route.targets;
  const provider = route.name === undefined ? target.provider : undefined;
  const streamed = streamRequest(format, body, provider, route.name ?? target.model);
  await handleStream(context.core, {
    route,
    request: streamed,
    promptLength: promptLengthOf(streamed),
    userId: context.access.userOf(request),
    threadId,
    startedAt,
    abort: abortWhenGone(reply, context.open),
    admit,
    trace: { door: name, parent: traceContextOf(request.headers), stream: asked.stream },
    cached: (kind) => void reply.header('X-Weir-Cache', kind),
    encoder: () => whole ?? new FormatEncoder(format, head),
    sink: () => {
      if (whole) return whole;
      const headers = reply.getHeaders() as Record<string, string>;
      reply.hijack();
      return new HttpSink(request.raw, reply.raw, streamHeaders(threadId, headers));
    },
  });
  return whole?.take();
}

function parseBody(bytes: Buffer): JsonObject {
  if (bytes.length > BODY_LIMIT) throw new WeirError('payload_too_large');
  const body = parseObject(bytes.toString());
  if (!body) throw new WeirError('invalid_json');
  return body;
}

/** @throws WeirError validation_error */
function streamRequest(format: Format, body: JsonObject, provider: string | undefined, model: string): StreamRequest {
  const { messages, maxTokens } = format.readRequest(body);
  const said = messages.map((message) => ({ role: message.role, content: textOf(message) }));
  const request = { messages: said, provider, model, fake: body.fake, max_tokens: maxTokens };
  return parseStreamRequest(request, LOCAL_PROVIDER);
}

/** The provider in this process reads words only. */
function textOf({ parts }: Message): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      return part.type === 'tool_result' ? textOf({ role: 'tool', parts: part.parts }) : '';
    })
    .join('\n');
}
