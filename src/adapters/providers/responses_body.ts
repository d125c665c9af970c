import type { StreamRequest } from '../../formats/weir/stream_request.ts';

type Message = NonNullable<StreamRequest['messages']>[number];

/**
 * A request as OpenAI's Responses API takes it, to be run in the background: there it goes on though nobody listens,
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
