import type { StreamRequest } from '../../formats/weir/stream_request.ts';

type Message = NonNullable<StreamRequest['messages']>[number];

/**
 * A request as OpenAI's Responses API takes it, to be run in the background: there it goes on without a connection,
 * and can be read again.
 * @returns undefined for a request that can't be said there without loss: tools, sound, files
 */
export function responsesBody(request: StreamRequest): Record<string, unknown> | undefined {
  const input = request.messages ? request.messages.map(inputMessage) : request.query;
  if (Array.isArray(input) && input.includes(undefined)) return undefined;
  return {
    model: request.model,
    input,
    background: true,
    store: true,
    stream: true,
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.max_tokens === undefined ? {} : { max_output_tokens: request.max_tokens }),
  };
}

function inputMessage({ role, content, ...more }: Message): Record<string, unknown> | undefined {
  if (role === 'tool' || content === null || content === undefined || 'tool_calls' in more) return undefined;
  if (typeof content === 'string') return { role, content };
  const parts = content.map((part) => inputPart(part, role === 'assistant' ? 'output_text' : 'input_text'));
  return parts.includes(undefined) ? undefined : { role, content: parts };
}

function inputPart(part: Record<string, unknown>, textType: string): Record<string, unknown> | undefined {
  if (part.type === 'text') return { type: textType, text: part.text };
  const { url, detail } = (part.image_url ?? {}) as { url?: string; detail?: string };
  if (part.type !== 'image_url' || url === undefined) return undefined;
  return { type: 'input_image', image_url: url, ...(detail === undefined ? {} : { detail }) };
}

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

/** How a server is asked to go on with the last message: `prefix` by DeepSeek and Mistral, the other by vLLM. */
export type PrefixMark = 'prefix' | 'continue_final_message';

/**
 * The same request, to be answered from where `delivered` stopped.
 * @returns also what the continuation still says again: white space at the end of what was delivered, which is not
 * sent, as many chat templates strip it and models then say it anew
 */
export function continuationBody(request: StreamRequest, delivered: readonly string[], mark: PrefixMark) {
  const text = delivered.join('');
  const content = text.trimEnd();
  const again = text.slice(content.length);
  const body = chatBody(restOf(request, delivered));
  if (content === '') return { body, again };
  const said = mark === 'prefix' ? { role: 'assistant', content, prefix: true } : { role: 'assistant', content };
  const open = mark === 'prefix' ? {} : { continue_final_message: true, add_generation_prompt: false };
  return { body: { ...body, messages: [...messagesOf(request), said], ...open }, again };
}

function messagesOf(request: StreamRequest): readonly unknown[] {
  return request.messages ?? [{ role: 'user', content: request.query }];
}

/** A piece of text is at least one token, so this limit is never below what the first asking has left. */
function restOf(request: StreamRequest, delivered: readonly string[]): StreamRequest {
  if (request.max_tokens === undefined) return request;
  return { ...request, max_tokens: Math.max(1, request.max_tokens - delivered.length) };
}
