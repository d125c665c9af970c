import { z } from 'zod';
import type { GenerationRequest, RequestedReasoning, Tool } from '../generation_request.ts';
import { type JsonObject, objectOf, textOf } from '../json_object.ts';
import {
  cacheOf,
  checked,
  type FieldFate,
  listed,
  nothing,
  samplingFields,
  sortFields,
  textOrParts,
  unless,
} from '../request_fields.ts';
import { readMessagesContent, readMessagesTurn } from './read_messages_blocks.ts';

export const MESSAGES_FIELDS = {
  ...samplingFields,
  max_tokens: z.number().int().min(1),
  messages: listed(z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: textOrParts }), 100_000, 1),
  system: textOrParts.nullish(),
  stop_sequences: listed(z.string(), 1_000).nullish(),
  tools: listed(z.looseObject({ name: z.string().nullish(), type: z.string().nullish() }), 10_000).nullish(),
  tool_choice: z
    .looseObject({
      type: z.enum(['auto', 'any', 'none', 'tool']),
      name: z.string().nullish(),
      disable_parallel_tool_use: z.boolean().nullish(),
    })
    .nullish(),
  thinking: z
    .looseObject({
      type: z.string(),
      budget_tokens: z.number().int().min(0).nullish(),
      display: z.string().nullish(),
    })
    .nullish(),
  output_config: z.looseObject({ effort: z.string().nullish(), format: z.unknown().optional() }).nullish(),
  /** The older name of `output_config.format`. */
  output_format: z.unknown().optional(),
  top_k: z.number().int().nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  service_tier: z.string().nullish(),
};
const schema = z.looseObject(MESSAGES_FIELDS);
type Asked = z.output<typeof schema>;

/** Fields that no member holds. Those that stand nowhere here would change the answer. */
export const MESSAGES_FATES: Readonly<Record<string, FieldFate>> = {
  fake: nothing,
  betas: nothing,
  cache_control: 'ignored',
  context_management: 'ignored',
  diagnostics: 'ignored',
  user_profile_id: 'ignored',
  speed: unless((value) => value === 'standard', 'ignored'),
  mcp_servers: unless((value) => Array.isArray(value) && value.length === 0, 'unread'),
  container: 'unread',
  inference_geo: 'unread',
};

/** The provider's own tools that a client with tools of its own can do without. */
const OPTIONAL = /^(web_search|web_fetch|tool_search)/;

/** @param body of one of Anthropic's requests @throws WeirError validation_error */
export function readMessagesRequest(body: unknown): GenerationRequest {
  const asked = checked(schema, body);
  const { unread, ignored } = sortFields(asked, MESSAGES_FIELDS, MESSAGES_FATES);
  const { tool_choice: choice, output_config: config } = asked;
  const system = readMessagesContent(asked.system, 'system').filter((part) => !isBilling(part));
  const messages = asked.messages.flatMap(({ role, content }, index) =>
    readMessagesTurn(role, content, `messages.${index}.content`),
  );
  const tools = toolsOf(asked.tools, unread, ignored);
  const toolChoice = choiceOf(choice);
  if (typeof toolChoice === 'object' && !tools.some(({ name }) => name === toolChoice.name)) unread.push('tool_choice');
  const parallel = choice?.disable_parallel_tool_use;
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages: system.length > 0 ? [{ role: 'system', parts: system }, ...messages] : messages,
    tools,
    toolChoice,
    parallelToolCalls: parallel == null ? undefined : !parallel,
    maxTokens: asked.max_tokens,
    temperature: asked.temperature ?? undefined,
    topP: asked.top_p ?? undefined,
    topK: asked.top_k ?? undefined,
    stop: asked.stop_sequences && asked.stop_sequences.length > 0 ? asked.stop_sequences : undefined,
    seed: undefined,
    reasoning: reasoningOf(asked),
    output: outputOf(config?.format ?? asked.output_format),
    verbosity: undefined,
    user: asked.metadata?.user_id ?? undefined,
    metadata: undefined,
    promptCacheKey: undefined,
    serviceTier: asked.service_tier === 'standard_only' ? 'default' : undefined,
    names: {
      stop: 'stop_sequences',
      user: 'metadata.user_id',
      parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
      reasoning: asked.thinking == null ? 'output_config.effort' : 'thinking',
      output: config?.format == null ? 'output_format' : 'output_config.format',
    },
    unread,
    ignored,
  };
}

/** Claude Code begins its system prompt with a line for the provider's bills. */
function isBilling(part: ReturnType<typeof readMessagesContent>[number]): boolean {
  return part.type === 'text' && part.text.startsWith('x-anthropic-billing-header:');
}

function toolsOf(tools: Asked['tools'], unread: string[], ignored: string[]): Tool[] {
  const own = (tools ?? []).map((entry) => toolOf(entry));
  const hasOwn = own.some((tool) => tool !== undefined);
  return own.flatMap((tool, index) => {
    if (tool) return [tool];
    (hasOwn && OPTIONAL.test(textOf(tools?.[index]?.type)) ? ignored : unread).push(`tools.${index}`);
    return [];
  });
}

/** @returns undefined for a tool that the provider runs itself, or knows without a schema */
function toolOf(entry: JsonObject): Tool | undefined {
  const { name, description, type, input_schema, strict } = entry;
  const parameters = objectOf(input_schema);
  if (!parameters || typeof name !== 'string' || name === '' || (type != null && type !== 'custom')) return undefined;
  return {
    name,
    parameters,
    ...(typeof description === 'string' ? { description } : {}),
    ...(strict === true ? { strict } : {}),
    ...cacheOf(entry),
  };
}

function choiceOf(choice: Asked['tool_choice']): GenerationRequest['toolChoice'] {
  if (choice == null) return undefined;
  if (choice.type === 'any') return 'required';
  return choice.type === 'tool' ? { name: choice.name ?? '' } : choice.type;
}

function reasoningOf({ thinking, output_config }: Asked): RequestedReasoning | undefined {
  if (thinking?.type === 'disabled') return { effort: 'none' };
  const effort = output_config?.effort;
  if (!thinking) return effort == null ? undefined : { effort, summary: 'omitted' };
  const budget = thinking.type === 'enabled' ? thinking.budget_tokens : undefined;
  return {
    ...(effort == null ? {} : { effort }),
    ...(budget == null ? {} : { budgetTokens: budget }),
    summary: thinking.display === 'omitted' ? 'omitted' : 'auto',
  };
}

function outputOf(value: unknown): GenerationRequest['output'] {
  const format = objectOf(value);
  const schema = objectOf(format?.schema);
  return format?.type === 'json_schema' && schema
    ? { type: 'schema', name: 'answer', schema, strict: true }
    : undefined;
}
