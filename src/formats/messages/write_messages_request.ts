import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Message, MessagePart, Tool } from '../generation_request.ts';
import { type JsonObject, parseObject } from '../json_object.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';

const MAX_TOKENS = 8192;

/** @throws WeirError validation_error */
export function writeMessagesRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  losses.drop('seed', 'verbosity', 'metadata', 'promptCacheKey');
  if ((request.temperature ?? 0) > 1) losses.refuse(losses.name('temperature'), 'it is at most 1 here');
  const first = request.messages.findIndex(({ role }) => role !== 'system');
  const begin = first < 0 ? request.messages.length : first;
  const system = request.messages.slice(0, begin).flatMap(({ parts }) => blocksOf(parts, losses));
  const body = given({
    model: to.model,
    max_tokens: request.maxTokens ?? to.maxTokens ?? MAX_TOKENS,
    system: system.length > 0 ? system : undefined,
    messages: turnsOf(request.messages.slice(begin), losses),
    stream: to.stream,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    stop_sequences: request.stop,
    tools: request.tools.length > 0 ? request.tools.map(toolOf) : undefined,
    tool_choice: choiceOf(request),
    metadata: request.user === undefined ? undefined : { user_id: request.user },
  });
  return { body, dropped: losses.settle(to) };
}

function toolOf({ name, description, parameters, strict }: Tool): JsonObject {
  return given({ name, description, input_schema: parameters, strict: strict === true ? true : undefined });
}

function choiceOf({ toolChoice, parallelToolCalls, tools }: GenerationRequest): JsonObject | undefined {
  if (tools.length === 0) return undefined;
  const single = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  if (typeof toolChoice === 'object') return { type: 'tool', name: toolChoice.name, ...single };
  if (toolChoice === 'none') return { type: 'none' };
  if (toolChoice === 'required') return { type: 'any', ...single };
  return toolChoice === undefined && parallelToolCalls !== false ? undefined : { type: 'auto', ...single };
}

/** Turns alternate: what one side says in several messages is one turn. */
function turnsOf(messages: readonly Message[], losses: RequestLosses): JsonObject[] {
  const turns: { role: 'user' | 'assistant'; content: JsonObject[] }[] = [];
  for (const { role, parts } of messages) {
    const side = role === 'assistant' ? 'assistant' : 'user';
    const content = blocksOf(parts, losses);
    const last = turns.at(-1);
    if (last?.role === side) last.content.push(...content);
    else turns.push({ role: side, content });
  }
  return turns;
}

function blocksOf(parts: readonly MessagePart[], losses: RequestLosses): JsonObject[] {
  return parts.flatMap((part) => {
    const block = blockOf(part, losses);
    return block ? [block] : [];
  });
}

function blockOf(part: MessagePart, losses: RequestLosses): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text.trim() === '' ? undefined : { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: sourceOf(part) };
    case 'file':
      return given({ type: 'document', source: sourceOf(part), title: part.name });
    case 'tool_call':
      return { type: 'tool_use', id: part.id, name: part.name, input: parseObject(part.json) ?? {} };
    case 'tool_result':
      return given({
        type: 'tool_result',
        tool_use_id: part.id,
        content: blocksOf(part.parts, losses),
        is_error: part.failed ? true : undefined,
      });
    case 'opaque':
      if (part.format === 'messages') return part.value;
      losses.refuse(part.at, 'there is no such part here');
      return undefined;
    default:
      return undefined;
  }
}

function sourceOf({ url, id }: { url?: string; id?: string }): JsonObject {
  if (url === undefined) return { type: 'file', file_id: id };
  const [, media_type, data] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
  return data === undefined ? { type: 'url', url } : { type: 'base64', media_type, data };
}
