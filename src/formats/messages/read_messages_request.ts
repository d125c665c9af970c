import { z } from 'zod';
import type { GenerationRequest, Message, MessagePart } from '../generation_request.ts';
import { type JsonObject, objectOf, textOf } from '../json_object.ts';
import { readSeal } from '../reasoning_seal.ts';
import { checked, type FieldFate, samplingFields, sortFields } from '../request_fields.ts';

const blocks = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);
const message = z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: blocks });

const FIELDS = {
  ...samplingFields,
  max_tokens: z.number().int().min(1),
  messages: z.array(message).min(1).max(10_000),
  system: blocks.nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  tools: z
    .array(z.looseObject({ name: z.string().min(1), type: z.string().nullish(), input_schema: z.unknown() }))
    .nullish(),
  tool_choice: z
    .looseObject({
      type: z.enum(['auto', 'any', 'none', 'tool']),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().optional(),
    })
    .nullish(),
  thinking: z
    .looseObject({ type: z.enum(['enabled', 'disabled', 'adaptive']), budget_tokens: z.number().int().optional() })
    .nullish(),
  output_config: z.looseObject({ effort: z.string().nullish(), format: z.unknown() }).nullish(),
  top_k: z.number().int().nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  service_tier: z.string().nullish(),
};
const schema = z.looseObject(FIELDS);

const FATES: Record<string, FieldFate> = {
  fake: () => undefined,
  cache_control: 'ignored',
  context_management: 'ignored',
  diagnostics: 'ignored',
  speed: 'ignored',
};

/** @param body of one of Anthropic's requests @throws WeirError validation_error */
export function readMessagesRequest(body: unknown): GenerationRequest {
  const asked = checked(schema, body);
  const { unread, ignored } = sortFields(asked, FIELDS, FATES);
  const { tool_choice: choice } = asked;
  const system = asked.system == null ? [] : partsOf(asked.system, 'system', unread);
  const messages = asked.messages.flatMap(({ role, content }, index) =>
    messagesOf(role, partsOf(content, `messages.${index}.content`, unread)),
  );
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages: system.length > 0 ? [{ role: 'system', parts: system }, ...messages] : messages,
    tools: (asked.tools ?? []).flatMap(({ name, description, type, input_schema }, index) => {
      const parameters = objectOf(input_schema);
      // Tools that the provider runs itself have no schema.
      if (!parameters || (type != null && type !== 'custom')) {
        unread.push(`tools.${index}`);
        return [];
      }
      return [{ name, parameters, ...(typeof description === 'string' ? { description } : {}) }];
    }),
    toolChoice: choiceOf(choice),
    parallelToolCalls: choice?.disable_parallel_tool_use === undefined ? undefined : !choice.disable_parallel_tool_use,
    maxTokens: asked.max_tokens,
    temperature: asked.temperature ?? undefined,
    topP: asked.top_p ?? undefined,
    topK: asked.top_k ?? undefined,
    seed: undefined,
    verbosity: undefined,
    user: asked.metadata?.user_id ?? undefined,
    metadata: undefined,
    promptCacheKey: undefined,
    serviceTier: asked.service_tier ?? undefined,
    stop: asked.stop_sequences ?? undefined,
    reasoning: reasoningOf(asked),
    output: outputOf(asked.output_config?.format),
    names: {
      stop: 'stop_sequences',
      user: 'metadata.user_id',
      parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
      reasoning: asked.output_config?.effort == null ? 'thinking' : 'output_config.effort',
      output: 'output_config.format',
    },
    unread,
    ignored,
  };
}

function choiceOf(choice: z.output<typeof schema>['tool_choice']): GenerationRequest['toolChoice'] {
  if (choice == null) return undefined;
  if (choice.type === 'any') return 'required';
  return choice.type === 'tool' ? { name: choice.name ?? '' } : choice.type;
}

function reasoningOf({ thinking, output_config }: z.output<typeof schema>): GenerationRequest['reasoning'] {
  const effort = output_config?.effort;
  const budget = thinking?.type === 'enabled' ? thinking.budget_tokens : undefined;
  if (thinking?.type === 'disabled') return { effort: 'none' };
  if (effort == null && budget === undefined) return undefined;
  return { ...(effort == null ? {} : { effort }), ...(budget === undefined ? {} : { budgetTokens: budget }) };
}

function outputOf(value: unknown): GenerationRequest['output'] {
  const format = objectOf(value);
  const schema = objectOf(format?.schema);
  return format?.type === 'json_schema' && schema
    ? { type: 'schema', name: 'answer', schema, strict: true }
    : undefined;
}

/** Results of tools stand in the user's message there, before what the user says. */
function messagesOf(role: Message['role'], parts: readonly MessagePart[]): Message[] {
  const results = parts.filter(({ type }) => type === 'tool_result');
  const others = parts.filter(({ type }) => type !== 'tool_result');
  const said: Message[] = others.length > 0 || results.length === 0 ? [{ role, parts: others }] : [];
  return results.length > 0 ? [{ role: 'tool', parts: results }, ...said] : said;
}

function partsOf(content: z.output<typeof blocks>, path: string, unread: string[]): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return content.flatMap((block, index) => {
    const parts = blockParts(block, `${path}.${index}`, unread);
    if (!parts) unread.push(`${path}.${index}`);
    return parts ?? [];
  });
}

function blockParts(block: JsonObject, path: string, unread: string[]): MessagePart[] | undefined {
  switch (block.type) {
    case 'text':
      return typeof block.text === 'string' ? [{ type: 'text', text: block.text }] : undefined;
    case 'image': {
      const url = addressOf(block.source);
      return url === undefined ? undefined : [{ type: 'image', at: path, url }];
    }
    case 'document': {
      const { type, file_id: id } = objectOf(block.source) ?? {};
      const url = addressOf(block.source);
      const name = typeof block.title === 'string' ? { name: block.title } : {};
      if (type === 'file' && typeof id === 'string') return [{ type: 'file', at: path, id, ...name }];
      return url === undefined ? undefined : [{ type: 'file', at: path, url, ...name }];
    }
    case 'thinking': {
      const sealed = textOf(block.signature);
      const text = textOf(block.thinking);
      return [
        ...(text === '' ? [] : [{ type: 'reasoning' as const, text }]),
        ...(sealed === ''
          ? []
          : [{ type: 'reasoning_seal' as const, seal: { kind: 'signature' as const, data: sealed } }]),
      ];
    }
    case 'redacted_thinking':
      return [{ type: 'reasoning_seal', seal: readSeal(textOf(block.data), 'redacted') }];
    case 'tool_use': {
      const { id, name, input } = block;
      return [{ type: 'tool_call', id: textOf(id), name: textOf(name), json: JSON.stringify(input ?? {}) }];
    }
    case 'tool_result': {
      const { content } = block;
      const isList = Array.isArray(content) && content.every((entry) => typeof objectOf(entry)?.type === 'string');
      const given = typeof content === 'string' || isList ? (content as z.output<typeof blocks>) : '';
      const parts = partsOf(given, `${path}.content`, unread);
      return [{ type: 'tool_result', id: textOf(block.tool_use_id), parts, failed: block.is_error === true }];
    }
    default:
      return undefined;
  }
}

function addressOf(value: unknown): string | undefined {
  const { type, media_type, data, url } = objectOf(value) ?? {};
  if (type === 'url' && typeof url === 'string') return url;
  if (type === 'base64' && typeof data === 'string') return `data:${textOf(media_type)};base64,${data}`;
  return undefined;
}
