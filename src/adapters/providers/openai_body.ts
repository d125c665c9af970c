import type { StreamRequest } from '../../protocol/stream_request.ts';

type Body = Record<string, unknown>;

/** A request as chat completions. */
export function chatBody(request: StreamRequest): Body {
  return {
    model: request.model,
    messages: messagesOf(request),
    stream: true,
    stream_options: { include_usage: true },
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.max_tokens === undefined ? {} : { max_tokens: request.max_tokens }),
  };
}

/** The same request, to be answered from where `delivered` stopped: marked on the message, as DeepSeek and Mistral do. */
export function prefixBody(request: StreamRequest, delivered: readonly string[]): Body {
  const said = { role: 'assistant', content: delivered.join(''), prefix: true };
  return { ...chatBody(restOf(request, delivered)), messages: [...messagesOf(request), said] };
}

/** The same, as vLLM wants to be asked: the last message is left open instead of a new one begun. */
export function openMessageBody(request: StreamRequest, delivered: readonly string[]): Body {
  const said = { role: 'assistant', content: delivered.join('') };
  return {
    ...chatBody(restOf(request, delivered)),
    messages: [...messagesOf(request), said],
    continue_final_message: true,
    add_generation_prompt: false,
  };
}

function messagesOf(request: StreamRequest): readonly unknown[] {
  return request.messages ?? [{ role: 'user', content: request.query }];
}

/** A piece of text is at least one token, so this limit is never below what the first asking has left. */
function restOf(request: StreamRequest, delivered: readonly string[]): StreamRequest {
  if (request.max_tokens === undefined) return request;
  return { ...request, max_tokens: Math.max(1, request.max_tokens - delivered.length) };
}
