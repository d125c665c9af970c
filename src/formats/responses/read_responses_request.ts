import { z } from 'zod';
import type { GenerationRequest, Message, MessagePart } from '../generation_request.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { readSeal } from '../reasoning_seal.ts';
import { checked, type FieldFate, samplingFields, sortFields } from '../request_fields.ts';

const item = z.looseObject({ type: z.string().optional(), role: z.string().optional() });
const FIELDS = {
  ...samplingFields,
  input: z.union([z.string().min(1), z.array(item).min(1).max(10_000)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.number().int().min(1).nullish(),
  tools: z.array(z.looseObject({ type: z.string() })).nullish(),
  tool_choice: z
    .union([z.enum(['auto', 'none', 'required']), z.looseObject({ type: z.string(), name: z.string().optional() })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  text: z
    .looseObject({ format: z.looseObject({ type: z.string() }).nullish(), verbosity: z.string().nullish() })
    .nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  prompt_cache_key: z.string().nullish(),
  service_tier: z.string().nullish(),
};
const schema = z.looseObject(FIELDS);

const FATES: Record<string, FieldFate> = {
  fake: () => undefined,
  stream_options: () => undefined,
  store: () => undefined,
  include: (value) =>
    Array.isArray(value) && value.every((each) => each === 'reasoning.encrypted_content') ? undefined : 'unread',
  truncation: (value) => (value === 'disabled' ? undefined : 'unread'),
  background: (value) => (value === false ? undefined : 'unread'),
  prompt_cache_options: 'ignored',
  prompt_cache_retention: 'ignored',
};

/** @param body of a response's request @throws WeirError validation_error */
export function readResponsesRequest(body: unknown): GenerationRequest {
  const asked = checked(schema, body);
  const { unread, ignored } = sortFields(asked, FIELDS, FATES);
  const { tool_choice: choice } = asked;
  const said: Message[] =
    typeof asked.input === 'string'
      ? [{ role: 'user', parts: [{ type: 'text', text: asked.input }] }]
      : messagesOf(asked.input, unread);
  const system: Message[] =
    asked.instructions == null ? [] : [{ role: 'system', parts: [{ type: 'text', text: asked.instructions }] }];
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages: [...system, ...said],
    tools: (asked.tools ?? []).flatMap(({ type, name, description, parameters, strict }, index) => {
      if (type !== 'function' || typeof name !== 'string') {
        unread.push(`tools.${index}`);
        return [];
      }
      return [
        {
          name,
          parameters: objectOf(parameters) ?? { type: 'object', properties: {} },
          ...(typeof description === 'string' ? { description } : {}),
          ...(typeof strict === 'boolean' ? { strict } : {}),
        },
      ];
    }),
    toolChoice: typeof choice === 'object' && choice !== null ? { name: choice.name ?? '' } : (choice ?? undefined),
    parallelToolCalls: asked.parallel_tool_calls ?? undefined,
    maxTokens: asked.max_output_tokens ?? undefined,
    temperature: asked.temperature ?? undefined,
    topP: asked.top_p ?? undefined,
    topK: undefined,
    seed: undefined,
    verbosity: asked.text?.verbosity ?? undefined,
    user: asked.safety_identifier ?? asked.user ?? undefined,
    metadata: asked.metadata ?? undefined,
    promptCacheKey: asked.prompt_cache_key ?? undefined,
    serviceTier: asked.service_tier ?? undefined,
    stop: undefined,
    reasoning: asked.reasoning?.effort == null ? undefined : { effort: asked.reasoning.effort },
    output: outputOf(asked.text?.format ?? undefined),
    names: {
      maxTokens: 'max_output_tokens',
      reasoning: 'reasoning.effort',
      verbosity: 'text.verbosity',
      output: 'text.format',
      ...(asked.safety_identifier == null ? {} : { user: 'safety_identifier' }),
    },
    unread,
    ignored,
  };
}

function outputOf(format: JsonObject | undefined): GenerationRequest['output'] {
  if (format?.type === 'json_object') return { type: 'json' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, schema, strict } = format;
  return { type: 'schema', name: textOf(name) || 'answer', schema: objectOf(schema) ?? {}, strict: strict === true };
}

/** Items that the model said one after the other are one message. */
function messagesOf(items: readonly JsonObject[], unread: string[]): Message[] {
  const messages: { role: Message['role']; parts: MessagePart[] }[] = [];
  for (const [index, entry] of items.entries()) {
    const message = readItem(entry, `input.${index}`, unread);
    if (!message) {
      unread.push(`input.${index}`);
      continue;
    }
    const last = messages.at(-1);
    const isSame = last?.role === message.role && (message.role === 'assistant' || message.role === 'tool');
    if (isSame) last.parts.push(...message.parts);
    else messages.push({ role: message.role, parts: [...message.parts] });
  }
  return messages;
}

function readItem(entry: JsonObject, path: string, unread: string[]): Message | undefined {
  switch (entry.type ?? 'message') {
    case 'message': {
      const role = entry.role === 'developer' ? 'system' : entry.role;
      if (role !== 'system' && role !== 'user' && role !== 'assistant') return undefined;
      return { role, parts: contentOf(entry.content, `${path}.content`, unread) };
    }
    case 'function_call': {
      const { call_id, name, arguments: json } = entry;
      const call: MessagePart = { type: 'tool_call', id: textOf(call_id), name: textOf(name), json: textOf(json) };
      return { role: 'assistant', parts: [call] };
    }
    case 'function_call_output': {
      const parts = contentOf(entry.output, `${path}.output`, unread);
      return { role: 'tool', parts: [{ type: 'tool_result', id: textOf(entry.call_id), parts, failed: false }] };
    }
    case 'reasoning':
      return { role: 'assistant', parts: reasoningOf(entry) };
    default:
      return undefined;
  }
}

function reasoningOf({ id, summary, content, encrypted_content }: JsonObject): MessagePart[] {
  const said = [...listOf(summary), ...listOf(content)].map((part) => textOf(objectOf(part)?.text)).filter(Boolean);
  const parts: MessagePart[] = said.length === 0 ? [] : [{ type: 'reasoning', text: said.join('\n\n') }];
  if (typeof encrypted_content !== 'string' || encrypted_content === '') return parts;
  const seal = readSeal(encrypted_content, 'encrypted');
  const named = seal.kind === 'encrypted' && seal.id === undefined && typeof id === 'string' ? { id } : {};
  return [...parts, { type: 'reasoning_seal', seal: { ...seal, ...named } }];
}

function contentOf(content: unknown, path: string, unread: string[]): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return listOf(content).flatMap((entry, index) => {
    const part = partOf(objectOf(entry) ?? {}, `${path}.${index}`);
    if (!part) unread.push(`${path}.${index}`);
    return part ?? [];
  });
}

function partOf(part: JsonObject, at: string): MessagePart | undefined {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return typeof part.text === 'string' ? { type: 'text', text: part.text } : undefined;
    case 'refusal':
      return { type: 'refusal', text: textOf(part.refusal) };
    case 'input_image': {
      const { image_url: url, detail } = part;
      if (typeof url !== 'string') return undefined;
      return { type: 'image', at, url, ...(typeof detail === 'string' ? { detail } : {}) };
    }
    case 'input_file': {
      const { file_data, file_url, file_id, filename } = part;
      const url = textOf(file_data) || textOf(file_url);
      if (url === '' && typeof file_id !== 'string') return undefined;
      return {
        type: 'file',
        at,
        ...(url === '' ? {} : { url }),
        ...(typeof file_id === 'string' ? { id: file_id } : {}),
        ...(typeof filename === 'string' ? { name: filename } : {}),
      };
    }
    default:
      return undefined;
  }
}
