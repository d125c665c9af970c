import { z } from 'zod';
import type { GenerationRequest, Message, MessagePart } from '../generation_request.ts';
import { isObject, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { checked, type FieldFate, samplingFields, sortFields } from '../request_fields.ts';
import { readReasoningDetail } from './reasoning_detail.ts';

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
  top_k: z.number().int().nullish(),
  seed: z.number().int().nullish(),
  verbosity: z.string().nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  prompt_cache_key: z.string().nullish(),
  service_tier: z.string().nullish(),
};
const schema = z.looseObject(FIELDS);

const nothing = () => undefined;
const unreadUnless = (harmless: (value: unknown) => boolean) => (value: unknown) =>
  harmless(value) ? undefined : ('unread' as const);
const isZero = (value: unknown) => value === 0;

const FATES: Record<string, FieldFate> = {
  stream_options: nothing,
  fake: nothing,
  frequency_penalty: unreadUnless(isZero),
  presence_penalty: unreadUnless(isZero),
  n: unreadUnless((value) => value === 1),
  logprobs: unreadUnless((value) => value === false),
  top_logprobs: unreadUnless(isZero),
  logit_bias: unreadUnless((value) => isObject(value) && Object.keys(value).length === 0),
  modalities: unreadUnless((value) => Array.isArray(value) && value.every((each) => each === 'text')),
  store: (value) => (value === true ? 'ignored' : undefined),
  prediction: 'ignored',
  prompt_cache_options: 'ignored',
  prompt_cache_retention: 'ignored',
};

/** @param body of a chat completion's request @throws WeirError validation_error */
export function readChatRequest(body: unknown): GenerationRequest {
  const asked = checked(schema, body);
  const { unread, ignored } = sortFields(asked, FIELDS, FATES);
  const { tool_choice: choice, response_format: format } = asked;
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages: asked.messages.map((entry, index) => readMessage(entry, `messages.${index}`)),
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
    topK: asked.top_k ?? undefined,
    seed: asked.seed ?? undefined,
    verbosity: asked.verbosity ?? undefined,
    user: asked.safety_identifier ?? asked.user ?? undefined,
    metadata: asked.metadata ?? undefined,
    promptCacheKey: asked.prompt_cache_key ?? undefined,
    serviceTier: asked.service_tier ?? undefined,
    stop: typeof asked.stop === 'string' ? [asked.stop] : (asked.stop ?? undefined),
    reasoning: asked.reasoning_effort == null ? undefined : { effort: asked.reasoning_effort },
    output: outputOf(format),
    names: {
      maxTokens: asked.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens',
      reasoning: 'reasoning_effort',
      output: 'response_format',
      ...(asked.safety_identifier == null ? {} : { user: 'safety_identifier' }),
    },
    unread,
    ignored,
  };
}

function outputOf(format: z.output<typeof schema>['response_format']): GenerationRequest['output'] {
  if (format?.type === 'json_object') return { type: 'json' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, schema, strict } = format.json_schema;
  return { type: 'schema', name, schema: schema ?? {}, strict: strict ?? false };
}

/** Members of a message that are read; all others are kept for chat. */
const REASONING = ['reasoning', 'reasoning_content', 'reasoning_details'];
const READ = new Set(['role', 'content', 'tool_calls', 'tool_call_id', 'refusal', ...REASONING]);

function readMessage(entry: z.output<typeof message>, path: string): Message {
  const kept = Object.entries(entry).filter(([name, value]) => !READ.has(name) && value != null);
  const more = kept.length > 0 ? { more: Object.fromEntries(kept) } : {};
  const parts = [...reasoningOf(entry), ...contentOf(entry.content, `${path}.content`)];
  if (entry.role === 'tool') {
    return {
      role: 'tool',
      parts: [{ type: 'tool_result', id: entry.tool_call_id ?? '', parts, failed: false }],
      ...more,
    };
  }
  const refusal = textOf(entry.refusal);
  if (refusal !== '') parts.push({ type: 'refusal', text: refusal });
  for (const { id, function: called } of entry.tool_calls ?? []) {
    parts.push({ type: 'tool_call', id, name: called.name, json: called.arguments });
  }
  return { role: entry.role === 'developer' ? 'system' : entry.role, parts, ...more };
}

/** What the client was given beside an answer, and gives back with it. */
function reasoningOf(entry: JsonObject): MessagePart[] {
  const details = listOf(entry.reasoning_details).flatMap((value) => {
    const detail = objectOf(value);
    return detail ? [readReasoningDetail(detail)] : [];
  });
  // Many clients keep only the last piece of fields that they do not know; a detail has the whole text of its block.
  const text = details.some((detail) => detail.text !== '')
    ? ''
    : textOf(entry.reasoning_content) || textOf(entry.reasoning);
  const parts: MessagePart[] = text === '' ? [] : [{ type: 'reasoning', text }];
  for (const { text, seal } of details) {
    if (text !== '') parts.push({ type: 'reasoning', text });
    if (seal) parts.push({ type: 'reasoning_seal', seal });
  }
  return parts;
}

function contentOf(value: z.output<typeof content>, path: string): MessagePart[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
  return (value ?? []).flatMap((part, index) => {
    const read = partOf(part, `${path}.${index}`);
    return read;
  });
}

function partOf(part: JsonObject, at: string): MessagePart {
  if (part.type === 'text' && typeof part.text === 'string') return { type: 'text', text: part.text };
  if (part.type === 'refusal') return { type: 'refusal', text: textOf(part.refusal) };
  const { url, detail } = objectOf(part.image_url) ?? {};
  if (part.type === 'image_url' && typeof url === 'string') {
    return { type: 'image', at, url, ...(typeof detail === 'string' ? { detail } : {}) };
  }
  const { file_data, file_id, filename } = objectOf(part.file) ?? {};
  if (part.type !== 'file' || (typeof file_data !== 'string' && typeof file_id !== 'string')) {
    return { type: 'opaque', format: 'chat', at, value: part };
  }
  return {
    type: 'file',
    at,
    ...(typeof file_data === 'string' ? { url: file_data } : {}),
    ...(typeof file_id === 'string' ? { id: file_id } : {}),
    ...(typeof filename === 'string' ? { name: filename } : {}),
  };
}
