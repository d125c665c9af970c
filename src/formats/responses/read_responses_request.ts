import { z } from 'zod';
import type { GenerationRequest, Message, RequestedReasoning } from '../generation_request.ts';
import { isObject, type JsonObject, objectOf, textOf } from '../json_object.ts';
import { checked, type FieldFate, listed, nothing, samplingFields, sortFields, unless } from '../request_fields.ts';
import { readResponsesItems } from './read_responses_items.ts';
import { flatToolName, namedTools } from './responses_tools.ts';

const item = z.looseObject({ type: z.string().nullish(), role: z.string().nullish() });
export const RESPONSES_FIELDS = {
  ...samplingFields,
  input: z.union([z.string().min(1), listed(item, 10_000, 1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.number().int().min(1).nullish(),
  tools: listed(z.looseObject({ type: z.string() }), 10_000).nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.looseObject({
        type: z.string(),
        name: z.string().nullish(),
        mode: z.string().nullish(),
        tools: listed(z.looseObject({}), 10_000).nullish(),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z
    .looseObject({
      effort: z.string().nullish(),
      summary: z.string().nullish(),
      generate_summary: z.string().nullish(),
    })
    .nullish(),
  text: z
    .looseObject({ format: z.looseObject({ type: z.string() }).nullish(), verbosity: z.string().nullish() })
    .nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  prompt_cache_key: z.string().nullish(),
  service_tier: z.string().nullish(),
};
const schema = z.looseObject(RESPONSES_FIELDS);
type Asked = z.output<typeof schema>;

/** Fields that no member holds. Those that stand nowhere here would change the answer. */
export const RESPONSES_FATES: Readonly<Record<string, FieldFate>> = {
  stream_options: nothing,
  fake: nothing,
  client_metadata: nothing,
  // Of what can be included only this changes the answer; seals of reasoning are given in any case.
  include: (value) => {
    const asked = Array.isArray(value) ? value.filter((each) => each !== 'reasoning.encrypted_content') : [];
    if (asked.includes('message.output_text.logprobs')) return 'unread';
    return asked.length > 0 ? 'ignored' : undefined;
  },
  store: unless((value) => value === false, 'ignored'),
  // A response of any upstream can run in the background here.
  background: nothing,
  truncation: unless((value) => value === 'disabled', 'unread'),
  top_logprobs: unless((value) => value === 0, 'unread'),
  previous_response_id: 'unread',
  conversation: 'unread',
  prompt: 'unread',
  max_tool_calls: 'unread',
  moderation: 'unread',
  context_management: 'ignored',
  prompt_cache_options: 'ignored',
  prompt_cache_retention: 'ignored',
};

/** The provider's own tools that a client with tools of its own can do without. */
const OPTIONAL = /^(web_search|tool_search|image_generation)/;

/** @param body of a response's request @throws WeirError validation_error */
export function readResponsesRequest(body: unknown): GenerationRequest {
  const asked = checked(schema, body);
  const lost = sortFields(asked, RESPONSES_FIELDS, RESPONSES_FATES);
  const said: Message[] =
    typeof asked.input === 'string'
      ? [{ role: 'user', parts: [{ type: 'text', text: asked.input }] }]
      : readResponsesItems(asked.input, lost);
  const system: Message[] = asked.instructions
    ? [{ role: 'system', parts: [{ type: 'text', text: asked.instructions }] }]
    : [];
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    messages: [...system, ...said],
    ...toolsOf(asked, lost),
    parallelToolCalls: asked.parallel_tool_calls ?? undefined,
    maxTokens: asked.max_output_tokens ?? undefined,
    temperature: asked.temperature ?? undefined,
    topP: asked.top_p ?? undefined,
    topK: undefined,
    stop: undefined,
    seed: undefined,
    reasoning: reasoningOf(asked.reasoning),
    output: outputOf(asked.text?.format ?? undefined),
    verbosity: asked.text?.verbosity ?? undefined,
    user: asked.safety_identifier ?? asked.user ?? undefined,
    metadata: asked.metadata ?? undefined,
    promptCacheKey: asked.prompt_cache_key ?? undefined,
    serviceTier: asked.service_tier === 'auto' ? undefined : (asked.service_tier ?? undefined),
    names: {
      maxTokens: 'max_output_tokens',
      reasoning: asked.reasoning?.effort == null ? 'reasoning' : 'reasoning.effort',
      verbosity: 'text.verbosity',
      output: 'text.format',
      user: asked.safety_identifier == null ? 'user' : 'safety_identifier',
    },
    ...lost,
  };
}

function toolsOf(
  { tools, tool_choice: choice }: Asked,
  { unread, ignored }: { unread: string[]; ignored: string[] },
): Pick<GenerationRequest, 'tools' | 'toolChoice'> {
  const named = namedTools(tools);
  for (const [index, entry] of (tools ?? []).entries()) {
    if (entry.type === 'namespace' || namedTools([entry]).length > 0) continue;
    (OPTIONAL.test(entry.type) && named.length > 0 ? ignored : unread).push(`tools.${index}`);
  }
  const all = named.map(({ tool }) => tool);
  if (typeof choice !== 'object' || choice === null) return { tools: all, toolChoice: choice ?? undefined };
  if (choice.type === 'allowed_tools') {
    const names = new Set((choice.tools ?? []).map((entry) => choiceName(entry)));
    const mode = choice.mode === 'required' ? 'required' : 'auto';
    return { tools: all.filter(({ name }) => names.has(name)), toolChoice: mode };
  }
  const name = choiceName(choice);
  const isKnown = all.some((tool) => tool.name === name);
  if (!isKnown) unread.push('tool_choice');
  return { tools: all, toolChoice: isKnown ? { name } : undefined };
}

function choiceName(choice: JsonObject): string {
  return choice.type === 'local_shell' ? 'local_shell' : flatToolName(choice.namespace, textOf(choice.name));
}

function reasoningOf(reasoning: Asked['reasoning']): RequestedReasoning | undefined {
  if (!isObject(reasoning)) return undefined;
  const { effort } = reasoning;
  const summary = reasoning.summary ?? reasoning.generate_summary;
  if (effort == null && summary == null) return undefined;
  return { ...(effort == null ? {} : { effort }), ...(summary == null ? {} : { summary }) };
}

function outputOf(format: JsonObject | undefined): GenerationRequest['output'] {
  if (format?.type === 'json_object') return { type: 'json' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, schema, strict } = format;
  return { type: 'schema', name: textOf(name) || 'answer', schema: objectOf(schema) ?? {}, strict: strict === true };
}
