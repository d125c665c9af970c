import { z } from 'zod';
import {
  checked,
  type GenerationRequest,
  type Message,
  type MessagePart,
  samplingFields,
  unreadFields,
} from '../generation_request.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { SEALS } from './chat_reader.ts';

const content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish();
const call = z.looseObject({
  id: z.string(),
  function: z.looseObject({ name: z.string().min(1), arguments: z.string() }),
});
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content,
  tool_calls: z.array(call).nullish(),
  tool_call_id: z.string().nullish(),
});
const functionSchema = z.looseObject({
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});
const schemaFormat = z.looseObject({
  name: z.string().min(1),
  schema: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const FIELDS = {
  ...samplingFields,
  messages: z.array(message).min(1).max(10_000),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  tools: z.array(z.looseObject({ type: z.literal('function'), function: functionSchema })).nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.string().nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.looseObject({ type: z.literal('text') }),
      z.looseObject({ type: z.literal('json_object') }),
      z.looseObject({ type: z.literal('json_schema'), json_schema: schemaFormat }),
    ])
    .nullish(),
};
const schema = z.looseObject(FIELDS);

/** @param body of a chat completion's request @throws WeirError validation_error */
export function readChatRequest(body: unknown): GenerationRequest {
  const asked = checked(schema, body);
  const unread = unreadFields(asked, FIELDS, ['stream_options']);
  const { tool_choice: choice, response_format: format } = asked;
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages: asked.messages.map((entry, index) => readMessage(entry, `messages.${index}`, unread)),
    tools: (asked.tools ?? []).map(({ function: { name, description, parameters, strict } }) => ({
      name,
      parameters: parameters ?? { type: 'object', properties: {} },
      ...(description == null ? {} : { description }),
      ...(strict == null ? {} : { strict }),
    })),
    toolChoice: typeof choice === 'object' && choice !== null ? { name: choice.function.name } : (choice ?? undefined),
    parallelToolCalls: asked.parallel_tool_calls ?? undefined,
    maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? undefined,
    temperature: asked.temperature ?? undefined,
    topP: asked.top_p ?? undefined,
    stop: typeof asked.stop === 'string' ? [asked.stop] : (asked.stop ?? undefined),
    reasoning: asked.reasoning_effort == null ? undefined : { effort: asked.reasoning_effort },
    output: outputOf(format),
    unread,
  };
}

function outputOf(format: z.output<typeof schema>['response_format']): GenerationRequest['output'] {
  if (format?.type === 'json_object') return { type: 'json' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, schema, strict } = format.json_schema;
  return { type: 'schema', name, schema: schema ?? {}, strict: strict ?? false };
}

function readMessage(entry: z.output<typeof message>, path: string, unread: string[]): Message {
  const parts = [...reasoningOf(entry), ...contentOf(entry.content, `${path}.content`, unread)];
  if (entry.role === 'tool') {
    return { role: 'tool', parts: [{ type: 'tool_result', id: entry.tool_call_id ?? '', parts, failed: false }] };
  }
  const refusal = textOf(entry.refusal);
  if (refusal !== '') parts.push({ type: 'refusal', text: refusal });
  for (const { id, function: called } of entry.tool_calls ?? []) {
    parts.push({ type: 'tool_call', id, name: called.name, json: called.arguments });
  }
  return { role: entry.role === 'developer' ? 'system' : entry.role, parts };
}

/** What the client was given beside an answer, and gives back with it. */
function reasoningOf(entry: JsonObject): MessagePart[] {
  const text = textOf(entry.reasoning_content) || textOf(entry.reasoning);
  const parts: MessagePart[] = text === '' ? [] : [{ type: 'reasoning', text }];
  for (const value of listOf(entry.reasoning_details)) {
    const { type, text: said, signature, data, id } = objectOf(value) ?? {};
    if (text === '' && textOf(said) !== '') parts.push({ type: 'reasoning', text: textOf(said) });
    const kind = SEALS[textOf(type)];
    const sealed = textOf(signature) || textOf(data);
    if (!kind || sealed === '') continue;
    parts.push({ type: 'reasoning_seal', seal: { kind, data: sealed, ...(typeof id === 'string' ? { id } : {}) } });
  }
  return parts;
}

function contentOf(value: z.output<typeof content>, path: string, unread: string[]): MessagePart[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
  return (value ?? []).flatMap((part, index) => {
    const read = partOf(part);
    if (!read) unread.push(`${path}.${index}`);
    return read ?? [];
  });
}

function partOf(part: JsonObject): MessagePart | undefined {
  if (part.type === 'text' && typeof part.text === 'string') return { type: 'text', text: part.text };
  if (part.type === 'refusal') return { type: 'refusal', text: textOf(part.refusal) };
  const { url, detail } = objectOf(part.image_url) ?? {};
  if (part.type === 'image_url' && typeof url === 'string') {
    return { type: 'image', url, ...(typeof detail === 'string' ? { detail } : {}) };
  }
  const { file_data, file_id, filename } = objectOf(part.file) ?? {};
  if (part.type !== 'file' || (typeof file_data !== 'string' && typeof file_id !== 'string')) return undefined;
  return {
    type: 'file',
    ...(typeof file_data === 'string' ? { url: file_data } : {}),
    ...(typeof file_id === 'string' ? { id: file_id } : {}),
    ...(typeof filename === 'string' ? { name: filename } : {}),
  };
}
