import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Message, MessagePart, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';

/** @throws WeirError validation_error */
export function writeChatRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  const { toolChoice } = request;
  const limit = /(^|\/)(o\d|gpt-[5-9])/.test(to.model) ? 'max_completion_tokens' : 'max_tokens';
  const body = given({
    model: to.model,
    messages: request.messages.flatMap((message) => messagesOf(message, losses)),
    stream: to.stream,
    stream_options: to.stream ? { include_usage: true } : undefined,
    [limit]: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    stop: request.stop,
    seed: request.seed,
    tools: request.tools.length > 0 ? request.tools.map(toolOf) : undefined,
    tool_choice: typeof toolChoice === 'object' ? { type: 'function', function: toolChoice } : toolChoice,
    parallel_tool_calls: request.tools.length > 0 ? request.parallelToolCalls : undefined,
    reasoning_effort: request.reasoning?.effort,
    response_format: formatOf(request.output),
    verbosity: request.verbosity,
    user: request.user,
    metadata: request.metadata,
    prompt_cache_key: request.promptCacheKey,
    service_tier: request.serviceTier,
  });
  return { body, dropped: losses.settle(to) };
}

function toolOf({ name, description, parameters, strict }: Tool): JsonObject {
  return { type: 'function', function: given({ name, description, parameters, strict }) };
}

function formatOf(output: GenerationRequest['output']): JsonObject | undefined {
  if (output === undefined) return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, schema, strict } = output;
  return { type: 'json_schema', json_schema: { name, schema, strict } };
}

/** Each result of a tool is a message of its own. */
function messagesOf({ role, parts, more }: Message, losses: RequestLosses): JsonObject[] {
  if (role === 'tool') {
    return parts.flatMap((part): JsonObject[] =>
      part.type === 'tool_result'
        ? [{ role, tool_call_id: part.id, content: contentOf(part.parts, losses) ?? '', ...more }]
        : [],
    );
  }
  const calls = parts.flatMap((part): JsonObject[] =>
    part.type === 'tool_call'
      ? [{ id: part.id, type: 'function', function: { name: part.name, arguments: part.json } }]
      : [],
  );
  const content = contentOf(parts, losses);
  const reasoning = parts.flatMap((part) => (part.type === 'reasoning' ? [part.text] : [])).join('');
  return [
    {
      role,
      content: content ?? (calls.length > 0 ? null : ''),
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...more,
    },
  ];
}

/** @returns undefined for no content at all */
function contentOf(parts: readonly MessagePart[], losses: RequestLosses): string | JsonObject[] | undefined {
  const content = parts.flatMap((part): JsonObject[] => {
    const written = partOf(part, losses);
    return written ? [written] : [];
  });
  const [first] = content;
  if (content.length === 1 && first?.type === 'text') return first.text as string;
  return content.length === 0 ? undefined : content;
}

function partOf(part: MessagePart, losses: RequestLosses): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image':
      if (part.url !== undefined)
        return { type: 'image_url', image_url: given({ url: part.url, detail: part.detail }) };
      losses.refuse(part.at, 'an image must be an address or data here');
      return undefined;
    case 'file':
      if (part.id !== undefined || part.url?.startsWith('data:')) {
        return { type: 'file', file: given({ file_data: part.url, file_id: part.id, filename: part.name }) };
      }
      losses.refuse(part.at, 'a file must be data here; an address is not read');
      return undefined;
    case 'opaque':
      if (part.format === 'chat') return part.value;
      losses.refuse(part.at, 'there is no such part here');
      return undefined;
    default:
      return undefined;
  }
}
