import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages/messages';
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import type { ResponseCreateParamsBase } from 'openai/resources/responses/responses';
import { chatFormat } from '../src/formats/chat/chat_format.ts';
import { WeirError } from '../src/formats/error_code.ts';
import type { Format } from '../src/formats/format.ts';
import type { JsonObject } from '../src/formats/json_object.ts';
import { messagesFormat } from '../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../src/formats/responses/responses_format.ts';

/** What becomes of a field in another format. `nothing`: it asks for what is done in any case, or only of Weir. */
export type Fate = 'carried' | 'left out' | 'refused' | 'nothing';

type Name = 'chat' | 'responses' | 'messages';
const FORMATS: Record<Name, Format> = { chat: chatFormat, responses: responsesFormat, messages: messagesFormat };
/** A model of each format that takes the most. */
const MODELS: Record<Name, string> = { chat: 'gpt-5.2', responses: 'gpt-5.2', messages: 'claude-sonnet-4-5' };

const tool = { name: 'f', parameters: { type: 'object', properties: {} } };
const chatTools = { tools: [{ type: 'function', function: tool }] };
const responsesTools = { tools: [{ type: 'function', ...tool }] };
const messagesTools = { tools: [{ name: 'f', input_schema: tool.parameters }] };
const schema = { type: 'object', properties: {}, additionalProperties: false };
const format = { type: 'json_schema', name: 'answer', schema, strict: true };

/** A request for each field that the official client knows, which asks for something by it. */
const CHAT = {
  messages: { messages: [{ role: 'user', content: 'Hello' }] },
  model: { model: 'm' },
  audio: { audio: { voice: 'alloy', format: 'mp3' } },
  frequency_penalty: { frequency_penalty: 1 },
  function_call: { functions: [tool], function_call: { name: 'f' } },
  functions: { functions: [tool] },
  logit_bias: { logit_bias: { 50: 1 } },
  logprobs: { logprobs: true },
  max_completion_tokens: { max_completion_tokens: 50 },
  max_tokens: { max_tokens: 50 },
  metadata: { metadata: { a: 'b' } },
  modalities: { modalities: ['audio'] },
  moderation: { moderation: {} },
  n: { n: 2 },
  parallel_tool_calls: { ...chatTools, parallel_tool_calls: false },
  prediction: { prediction: { type: 'content', content: 'a' } },
  presence_penalty: { presence_penalty: 1 },
  prompt_cache_key: { prompt_cache_key: 'k' },
  prompt_cache_options: { prompt_cache_options: {} },
  prompt_cache_retention: { prompt_cache_retention: '24h' },
  reasoning_effort: { reasoning_effort: 'high' },
  response_format: { response_format: { type: 'json_schema', json_schema: format } },
  safety_identifier: { safety_identifier: 'u' },
  seed: { seed: 1 },
  service_tier: { service_tier: 'default' },
  stop: { stop: ['END'] },
  store: { store: true },
  stream: { stream: true },
  stream_options: { stream_options: { include_usage: true } },
  temperature: { temperature: 0.5 },
  tool_choice: { ...chatTools, tool_choice: 'required' },
  tools: chatTools,
  top_logprobs: { top_logprobs: 2 },
  top_p: { top_p: 0.5 },
  user: { user: 'u' },
  verbosity: { verbosity: 'low' },
  web_search_options: { web_search_options: {} },
} satisfies Record<keyof ChatCompletionCreateParamsBase, JsonObject>;

/** The same for fields of other servers of chat completions. */
const CHAT_OF_OTHERS = {
  top_k: { top_k: 5 },
  reasoning: { reasoning: { effort: 'high' } },
  thinking: { thinking: { type: 'enabled' } },
  provider: { provider: { order: ['a'] } },
  models: { models: ['m'] },
};

const RESPONSES = {
  access_programs: { access_programs: {} },
  background: { background: true },
  context_management: { context_management: [] },
  conversation: { conversation: 'c' },
  image: { image: {} },
  include: { include: ['message.output_text.logprobs'] },
  input: { input: 'Hello' },
  instructions: { instructions: 'Be brief.' },
  max_output_tokens: { max_output_tokens: 50 },
  max_tool_calls: { max_tool_calls: 1 },
  metadata: { metadata: { a: 'b' } },
  model: { model: 'm' },
  moderation: { moderation: {} },
  parallel_tool_calls: { ...responsesTools, parallel_tool_calls: false },
  previous_response_id: { previous_response_id: 'r' },
  prompt: { prompt: { id: 'p' } },
  prompt_cache_key: { prompt_cache_key: 'k' },
  prompt_cache_options: { prompt_cache_options: {} },
  prompt_cache_retention: { prompt_cache_retention: '24h' },
  reasoning: { reasoning: { effort: 'high' } },
  safety_identifier: { safety_identifier: 'u' },
  service_tier: { service_tier: 'default' },
  store: { store: true },
  stream: { stream: true },
  stream_options: { stream_options: {} },
  temperature: { temperature: 0.5 },
  text: { text: { format } },
  tool_choice: { ...responsesTools, tool_choice: 'required' },
  tools: responsesTools,
  top_logprobs: { top_logprobs: 2 },
  top_p: { top_p: 0.5 },
  truncation: { truncation: 'auto' },
  user: { user: 'u' },
} satisfies Record<keyof ResponseCreateParamsBase, JsonObject>;

const MESSAGES = {
  max_tokens: { max_tokens: 50 },
  messages: { messages: [{ role: 'user', content: 'Hello' }] },
  model: { model: 'm' },
  cache_control: { cache_control: { type: 'ephemeral' } },
  container: { container: 'c' },
  diagnostics: { diagnostics: {} },
  inference_geo: { inference_geo: 'eu' },
  metadata: { metadata: { user_id: 'u' } },
  output_config: { output_config: { format } },
  service_tier: { service_tier: 'standard_only' },
  speed: { speed: 'fast' },
  stop_sequences: { stop_sequences: ['END'] },
  stream: { stream: true },
  system: { system: 'Be brief.' },
  thinking: { thinking: { type: 'enabled', budget_tokens: 2000 } },
  tool_choice: { ...messagesTools, tool_choice: { type: 'any' } },
  tools: messagesTools,
  user_profile_id: { user_profile_id: 'u' },
  // A header in the end.
  workspace_id: { workspace_id: 'w' },
} satisfies Record<keyof MessageCreateParamsBase, JsonObject>;

/** The same for fields that the client leaves to older and beta models. */
const MESSAGES_OF_OTHERS = {
  temperature: { temperature: 0.5 },
  top_p: { top_p: 0.5 },
  top_k: { top_k: 5 },
  context_management: { context_management: {} },
  mcp_servers: { mcp_servers: [{}] },
};

const SAMPLES: Record<Name, Readonly<Record<string, JsonObject>>> = {
  chat: { ...CHAT, ...CHAT_OF_OTHERS },
  responses: RESPONSES,
  messages: { ...MESSAGES, ...MESSAGES_OF_OTHERS },
};
const LEAST: Record<Name, JsonObject> = {
  chat: { model: 'x', messages: [{ role: 'user', content: 'Hi' }] },
  responses: { model: 'x', input: 'Hi' },
  messages: { model: 'x', max_tokens: 9000, messages: [{ role: 'user', content: 'Hi' }] },
};

export interface FieldFate {
  format: Name;
  field: string;
  /** By the format of the upstream, without its own. */
  fates: Partial<Record<Name, Fate>>;
}

/** What becomes of each field of each format in the others, found by writing it there. */
export function fieldFates(): readonly FieldFate[] {
  return names().flatMap((format) =>
    Object.entries(SAMPLES[format]).map(([field, more]) => {
      const others = names().filter((name) => name !== format);
      return { format, field, fates: Object.fromEntries(others.map((to) => [to, fateOf(format, field, more, to)])) };
    }),
  );
}

function names(): Name[] {
  return Object.keys(FORMATS) as Name[];
}

function fateOf(from: Name, field: string, more: JsonObject, to: Name): Fate {
  if (field === 'stream' || field === 'model') return 'carried';
  const { [field]: _, ...others } = more;
  const without = write(from, others, to);
  const written = write(from, more, to);
  const lost = written.dropped.find((path) => path.split('.')[0] === field);
  if (written.refused.some((path) => path.split('.')[0] === field)) return 'refused';
  if (lost !== undefined) return 'left out';
  return JSON.stringify(written.body) === JSON.stringify(without.body) ? 'nothing' : 'carried';
}

function write(from: Name, more: JsonObject, to: Name) {
  const request = FORMATS[from].readRequest({ ...LEAST[from], ...more });
  try {
    const target = { provider: 'p', model: MODELS[to], stream: request.stream };
    return { ...FORMATS[to].writeRequest(request, target), refused: [] };
  } catch (thrown) {
    if (!(thrown instanceof WeirError)) throw thrown;
    const fields = thrown.details.fields as { field: string }[];
    return { body: {}, dropped: [], refused: fields.map(({ field }) => field) };
  }
}

/** One table for each format that a client may speak; fields with the same fates stand in one row. */
export function fieldFateTables(): string {
  return names()
    .map((format) => {
      const others = names().filter((name) => name !== format);
      const rows = new Map<string, string[]>();
      for (const { field, fates } of fieldFates().filter((each) => each.format === format)) {
        const row = others.map((to) => (fates[to] === 'nothing' ? 'nothing to do' : fates[to])).join(' | ');
        rows.set(row, [...(rows.get(row) ?? []), `\`${field}\``]);
      }
      const lines = [...rows]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([row, fields]) => `| ${fields.join(', ')} | ${row} |\n`);
      return [`| a client's field of ${format} | in ${others.join(' | in ')} |\n`, '|---|---|---|\n', ...lines].join(
        '',
      );
    })
    .join('\n');
}
