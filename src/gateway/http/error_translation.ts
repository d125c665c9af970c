import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventLog } from '../../core/observe/observers.ts';
import { ERROR_TABLE, type ErrorBody, type ErrorCode, WeirError } from '../../formats/error_code.ts';
import { type AnthropicErrorBody, anthropicError } from '../../formats/messages/anthropic_error.ts';
import { type OpenAiErrorBody, openAiError } from '../../formats/openai_error.ts';
import { speaksAnthropic } from './models_routes.ts';

/** Fastify's own refusals, in our words. */
const FASTIFY_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
};

/** The one place where errors become answers. @param refused is called with the code of each */
export function translateErrors(app: FastifyInstance, log: EventLog, refused: (code: ErrorCode) => void): void {
  app.setErrorHandler((thrown: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const error = asWeirError(thrown, request.url);
    if (error.code === 'internal_error') {
      log.error('6', 'Internal error', { thread_id: request.threadId || undefined, reason: String(thrown.stack) });
    }
    refused(error.code);
    if (error.code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer realm="weir"');
    if (error.retryAfter !== undefined) reply.header('Retry-After', String(error.retryAfter));
    return reply.status(error.status).send(bodyOf(error, request, request.threadId));
  });
  // Fastify lets go of a response that its handler took over; whatever fails then must still end it.
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const answer: unknown = handler.call(this, request, reply);
      if (answer instanceof Promise) answer.catch((thrown) => endBegun(thrown, request, reply, log));
      return answer;
    };
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] as string;
    const allowed = (['GET', 'POST', 'DELETE'] as const).filter((method) => app.hasRoute({ method, url: path }));
    const code =
      allowed.length === 0 ? 'not_found' : wantsWebSocket(request) ? 'upgrade_required' : 'method_not_allowed';
    if (allowed.length > 0) reply.header('Allow', allowed.join(', '));
    // Its client then goes on without waiting; the protocol that it is to use has to be named (RFC 9110, 15.5.22).
    if (code === 'upgrade_required') reply.headers({ Upgrade: 'HTTP/1.1', Connection: 'close, Upgrade' });
    return reply.status(ERROR_TABLE[code].status).send(bodyOf(new WeirError(code), request));
  });
}

/** NGINX passes on what the client wants, and not that it wants it of this connection. */
function wantsWebSocket({ headers }: FastifyRequest): boolean {
  return /^websocket$/i.test(headers.upgrade ?? '');
}

/** After its head a response can only be cut: its client then sees a truncation, and no silence without end. */
function endBegun(thrown: FastifyError, request: FastifyRequest, { sent, raw }: FastifyReply, log: EventLog): void {
  if (!sent || raw.writableEnded || raw.destroyed) return;
  log.error('6', 'A response failed after it was begun', {
    thread_id: request.threadId || undefined,
    reason: String(thrown.stack),
  });
  if (raw.headersSent) return void raw.destroy();
  const error = asWeirError(thrown, request.url);
  raw.writeHead(error.status, { 'Content-Type': 'application/json; charset=utf-8' });
  raw.end(JSON.stringify(bodyOf(error, request, request.threadId)));
}

/** What the HTTP parser refuses never reaches a route; the socket is answered by hand, in the same shape. */
export function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code: ErrorCode =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'request_timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? 'headers_too_large'
        : 'bad_request';
  const body = JSON.stringify(bodyOf(new WeirError(code), { url: '', headers: {} }));
  socket.end(
    `HTTP/1.1 ${ERROR_TABLE[code].status} ${code}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function asWeirError(error: FastifyError, url: string): WeirError {
  if (error instanceof WeirError) return error;
  const known = FASTIFY_CODES[error.code];
  if (known === 'payload_too_large' && (url.startsWith('/v1/') || url.startsWith('/api/v1/chat'))) {
    return new WeirError(known, { message: 'The body is too large; send at most 32 MiB.' });
  }
  if (known) return new WeirError(known);
  if (error instanceof SyntaxError && error.statusCode === 400) return new WeirError('invalid_json');
  if (error.statusCode !== undefined && error.statusCode < 500) return new WeirError('bad_request');
  return new WeirError('internal_error');
}

/** In the shape that the clients of this path know. */
function bodyOf(
  error: WeirError,
  request: Pick<FastifyRequest, 'url' | 'headers'>,
  threadId = '',
): ErrorBody | OpenAiErrorBody | AnthropicErrorBody {
  const { url } = request;
  if (url.startsWith('/v1/messages') || (url.startsWith('/v1/models') && speaksAnthropic(request))) {
    return anthropicError(error);
  }
  if (url.startsWith('/v1/')) return openAiError(error);
  const body: ErrorBody = { error: error.code, message: error.message, details: error.details };
  if (threadId) body.thread_id = threadId;
  return body;
}
