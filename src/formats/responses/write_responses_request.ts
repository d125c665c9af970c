import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Message, MessagePart, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';

/** @throws WeirError validation_error */
export function writeResponsesRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  losses.drop('topK', 'seed');
  if (request.stop !== undefined) losses.refuse(losses.name('stop'), 'there are no stop sequences here');
  const { toolChoice, reasoning, verbosity } = request;
  const format = formatOf(request.output);
  const body = given({
    model: to.model,
    input: request.messages.flatMap((message) => itemsOf(message, losses)),
    stream: to.stream,
    store: false,
    include: ['reasoning.encrypted_content'],
    max_output_tokens: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    tools: request.tools.length > 0 ? request.tools.map(toolOf) : undefined,
    tool_choice: typeof toolChoice === 'object' ? { type: 'function', ...toolChoice } : toolChoice,
    parallel_tool_calls: request.parallelToolCalls,
    reasoning: reasoning?.effort === undefined ? undefined : { effort: reasoning.effort },
    text: format || verbosity ? given({ format, verbosity }) : undefined,
    user: request.user,
    metadata: request.metadata,
    prompt_cache_key: request.promptCacheKey,
    service_tier: request.serviceTier,
  });
  return { body, dropped: losses.settle(to) };
}

function toolOf({ name, description, parameters, strict }: Tool): JsonObject {
  return { type: 'function', ...given({ name, description, parameters }), strict: strict ?? false };
}

function formatOf(output: GenerationRequest['output']): JsonObject | undefined {
  if (output === undefined) return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, schema, strict } = output;
  return { type: 'json_schema', name, schema, strict };
}

/** What is said is an item; so is each call and each result. */
function itemsOf({ role, parts }: Message, losses: RequestLosses): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const close = () => {
    if (content.length > 0) items.push({ type: 'message', role, content });
    content = [];
  };
  for (const part of parts) {
    if (part.type === 'tool_call') {
      close();
      items.push({ type: 'function_call', call_id: part.id, name: part.name, arguments: part.json });
    } else if (part.type === 'tool_result') {
      const output = contentOf(part.parts, 'user', losses);
      items.push({ type: 'function_call_output', call_id: part.id, output });
    } else {
      const written = partOf(part, role, losses);
      if (written) content.push(written);
    }
  }
  close();
  return items;
}

function contentOf(parts: readonly MessagePart[], role: Message['role'], losses: RequestLosses): string | JsonObject[] {
  const content = parts.flatMap((part): JsonObject[] => {
    const written = partOf(part, role, losses);
    return written ? [written] : [];
  });
  const [first] = content;
  if (content.length === 1 && first?.type === 'input_text') return first.text as string;
  return content.length === 0 ? '' : content;
}

function partOf(part: MessagePart, role: Message['role'], losses: RequestLosses): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return { type: role === 'assistant' ? 'output_text' : 'input_text', text: part.text };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image':
      return given({ type: 'input_image', image_url: part.url, file_id: part.id, detail: part.detail });
    case 'file': {
      const isData = part.url?.startsWith('data:') === true;
      return given({
        type: 'input_file',
        file_data: isData ? part.url : undefined,
        file_url: isData ? undefined : part.url,
        file_id: part.id,
        filename: part.name,
      });
    }
    case 'opaque':
      if (part.format === 'responses') return part.value;
      losses.refuse(part.at, 'there is no such part here');
      return undefined;
    default:
      return undefined;
  }
}
