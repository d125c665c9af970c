import { z } from 'zod';
import type { GenerationRequest, RequestedReasoning, Tool } from '../generation_request.ts';
import { isObject, objectOf, textOf } from '../json_object.ts';
import {
  cacheOf,
  checked,
  type FieldFate,
  listed,
  nothing,
  samplingFields,
  sortFields,
  textOrTexts,
  unless,
} from '../request_fields.ts';
import { chatMessage, readChatMessages } from './read_chat_messages.ts';

const functionSchema = z.looseObject({
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});
const tool = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('function'), function: functionSchema }),
  z.looseObject({ type: z.literal('custom'), custom: z.looseObject({ name: z.string().min(1) }) }),
]);
const schemaFormat = z.looseObject({
  name: z.string().min(1),
  schema: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});
const named = z.looseObject({ name: z.string() });
const choice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.looseObject({ type: z.literal('function'), function: named }),
  z.looseObject({ type: z.literal('custom'), custom: named }),
  z.looseObject({
    type: z.literal('allowed_tools'),
    allowed_tools: z.looseObject({ mode: z.enum(['auto', 'required']), tools: listed(z.looseObject({}), 10_000) }),
  }),
]);

export const CHAT_FIELDS = {
  ...samplingFields,
  messages: listed(chatMessage, 10_000, 1),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  stop: textOrTexts.nullish(),
  tools: listed(tool, 10_000).nullish(),
  tool_choice: choice.nullish(),
  /** What tools were called before. */
  functions: listed(functionSchema, 10_000).nullish(),
  function_call: z.union([z.enum(['auto', 'none']), named]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.string().nullish(),
  /** OpenRouter's. */
  reasoning: z
    .looseObject({
      effort: z.string().nullish(),
      max_tokens: z.number().int().min(0).nullish(),
      enabled: z.boolean().nullish(),
      exclude: z.boolean().nullish(),
    })
    .nullish(),
  /** DeepSeek's and GLM's. */
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.number().int().min(0).nullish() }).nullish(),
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
const schema = z.looseObject(CHAT_FIELDS);
type Asked = z.output<typeof schema>;

const isZero = (value: unknown) => value === 0;

/** Fields that no member holds. Those that stand nowhere here would change the answer. */
export const CHAT_FATES: Readonly<Record<string, FieldFate>> = {
  stream_options: nothing,
  fake: nothing,
  frequency_penalty: unless(isZero, 'unread'),
  presence_penalty: unless(isZero, 'unread'),
  n: unless((value) => value === 1, 'unread'),
  logprobs: unless((value) => value === false, 'unread'),
  top_logprobs: unless(isZero, 'unread'),
  logit_bias: unless((value) => isObject(value) && Object.keys(value).length === 0, 'unread'),
  modalities: unless((value) => Array.isArray(value) && value.every((each) => each === 'text'), 'unread'),
  audio: 'unread',
  web_search_options: 'unread',
  moderation: 'unread',
  store: unless((value) => value === false, 'ignored'),
  prediction: 'ignored',
  prompt_cache_options: 'ignored',
  prompt_cache_retention: 'ignored',
  // OpenRouter's own: they choose its providers, or what it reports.
  provider: 'ignored',
  models: 'ignored',
  route: 'ignored',
  usage: 'ignored',
  include_reasoning: 'ignored',
  transforms: 'ignored',
};

/** @param body of a chat completion's request @throws WeirError validation_error */
export function readChatRequest(body: unknown): GenerationRequest {
  return chatGeneration(checked(schema, body));
}

/** @param asked checked */
export function chatGeneration(asked: Asked): GenerationRequest {
  const { unread, ignored } = sortFields(asked, CHAT_FIELDS, CHAT_FATES);
  const messages = readChatMessages(asked.messages);
  const reasons = new Map<string, string>();
  const { tools, toolChoice } = toolsOf(asked, unread, reasons);
  const [reasoning, reasoningName] = reasoningOf(asked);
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages,
    tools,
    toolChoice,
    // An answer has one place for a call of a function.
    parallelToolCalls: asked.parallel_tool_calls ?? (asked.functions?.length ? false : undefined),
    maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? undefined,
    temperature: asked.temperature ?? undefined,
    topP: asked.top_p ?? undefined,
    topK: asked.top_k ?? undefined,
    stop: stopOf(asked.stop),
    seed: asked.seed ?? undefined,
    reasoning,
    output: outputOf(asked.response_format),
    verbosity: asked.verbosity ?? undefined,
    user: asked.safety_identifier ?? asked.user ?? undefined,
    metadata: asked.metadata ?? undefined,
    promptCacheKey: asked.prompt_cache_key ?? undefined,
    serviceTier: asked.service_tier === 'auto' ? undefined : (asked.service_tier ?? undefined),
    names: {
      maxTokens: asked.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens',
      reasoning: reasoningName,
      output: 'response_format',
      user: asked.safety_identifier == null ? 'user' : 'safety_identifier',
    },
    unread,
    ignored,
    ...(reasons.size > 0 ? { reasons } : {}),
  };
}

function stopOf(stop: Asked['stop']): readonly string[] | undefined {
  if (typeof stop === 'string') return [stop];
  return stop && stop.length > 0 ? stop : undefined;
}

/** The stream of chat has no form for calls of custom tools, which take text; so these are refused. */
function toolsOf(
  { tools, functions, tool_choice, function_call }: Asked,
  unread: string[],
  reasons: Map<string, string>,
): Pick<GenerationRequest, 'tools' | 'toolChoice'> {
  const all = (tools ?? []).flatMap((tool, index) => {
    if (tool.type === 'function') return [toolOf(tool)];
    unread.push(`tools.${index}`);
    reasons.set(`tools.${index}`, CUSTOM);
    return [];
  });
  for (const each of functions ?? []) all.push(toolOf({ type: 'function', function: each }));
  const asked = tool_choice ?? chosenFunction(function_call);
  if (typeof asked !== 'object' || asked === null) return { tools: all, toolChoice: asked ?? undefined };
  if (asked.type !== 'allowed_tools') {
    const { name } = asked.type === 'custom' ? asked.custom : asked.function;
    if (!all.some((tool) => tool.name === name)) unread.push('tool_choice');
    return { tools: all, toolChoice: { name } };
  }
  const { mode, tools: listed } = asked.allowed_tools;
  const names = new Set(listed.map((entry) => textOf((objectOf(entry.function) ?? objectOf(entry.custom))?.name)));
  return { tools: all.filter(({ name }) => names.has(name)), toolChoice: mode };
}

const CUSTOM =
  'the stream of chat completions has no calls of custom tools; give it as a function with one text argument';

function chosenFunction(choice: Asked['function_call']): Asked['tool_choice'] {
  return typeof choice === 'object' && choice !== null ? { type: 'function', function: choice } : choice;
}

function toolOf(asked: Extract<z.output<typeof tool>, { type: 'function' }>): Tool {
  const { name, description, parameters, strict } = asked.function;
  return {
    name,
    parameters: parameters ?? { type: 'object', properties: {} },
    ...(description == null ? {} : { description }),
    ...(strict == null ? {} : { strict }),
    ...cacheOf(asked),
  };
}

/** Clients of chat read what a model thinks wherever it is given. */
function reasoningOf({ reasoning_effort, reasoning, thinking }: Asked): [RequestedReasoning | undefined, string] {
  const summary = reasoning?.exclude === true ? 'omitted' : 'auto';
  const effort = reasoning_effort ?? reasoning?.effort;
  const budget = reasoning?.max_tokens ?? thinking?.budget_tokens;
  const name = reasoning_effort != null ? 'reasoning_effort' : reasoning ? 'reasoning' : 'thinking';
  if (reasoning?.enabled === false || thinking?.type === 'disabled') return [{ effort: 'none' }, name];
  if (effort == null && budget == null && !reasoning && !thinking) return [undefined, 'reasoning_effort'];
  const budgetTokens = budget == null ? {} : { budgetTokens: budget };
  return [{ ...(effort == null ? {} : { effort }), ...budgetTokens, summary }, name];
}

function outputOf(format: Asked['response_format']): GenerationRequest['output'] {
  if (format?.type === 'json_object') return { type: 'json' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, schema, strict } = format.json_schema;
  return { type: 'schema', name, schema: schema ?? {}, strict: strict ?? false };
}
