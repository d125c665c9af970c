import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { isStepCount, jsonSchema, type LanguageModel, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import type { ChatCompletion, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { openStream } from 'weir-client';
import type { JsonObject } from '../../src/formats/json_object.ts';

/** What a client is to ask, in the terms of none. */
export interface ClientAsk {
  /** Of a gateway, without `/v1`. */
  url: string;
  model: string;
  reasoning?: boolean;
  tools?: boolean;
  structured?: boolean;
  stop?: string;
  maxTokens?: number;
  /** Sent with the request. */
  headers?: Record<string, string>;
}

/** A client of others, or ours: asks, runs the tools that are called and asks again, to the end of the loop. */
export interface OfficialClient {
  name: string;
  format: 'chat' | 'responses' | 'messages' | 'weir';
  /** @returns the final object of each turn, as the client gives it @throws the client's own error */
  run(ask: ClientAsk): Promise<unknown[]>;
}

// It does not know the names of our models, and says so on each call.
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

/** More turns than any loop here has. */
const MAX_TURNS = 12;
const SYSTEM = 'Be brief.';
const PROMPT = 'How is it there?';
const resultOf = (name: string, json: unknown) =>
  `${name} of ${typeof json === 'string' ? json : JSON.stringify(json)}: fine`;

const properties = (...names: string[]): JsonObject => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
  additionalProperties: false,
});
const TOOLS = { weather: properties('city'), time: properties('zone'), now: properties() };
const TOOL_LIST = Object.entries(TOOLS).map(([name, schema]) => ({ name, description: `The ${name}.`, schema }));
const SCHEMA = properties('city');

async function openAiChat(ask: ClientAsk): Promise<unknown[]> {
  const client = new OpenAI({
    baseURL: `${ask.url}/v1`,
    apiKey: 'any',
    maxRetries: 0,
    defaultHeaders: ask.headers ?? {},
  });
  const messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: PROMPT },
  ];
  const turns: unknown[] = [];
  while (turns.length < MAX_TURNS) {
    const stream = client.chat.completions.stream({
      model: ask.model,
      messages,
      stream_options: { include_usage: true },
      ...(ask.reasoning ? { reasoning_effort: 'medium' } : {}),
      ...(ask.stop ? { stop: ask.stop } : {}),
      ...(ask.maxTokens ? { max_completion_tokens: ask.maxTokens } : {}),
      ...(ask.tools
        ? {
            tools: TOOL_LIST.map(({ schema, ...named }) => ({
              type: 'function' as const,
              function: { ...named, parameters: schema },
            })),
          }
        : {}),
      ...(ask.structured
        ? { response_format: { type: 'json_schema', json_schema: { name: 'place', schema: SCHEMA, strict: true } } }
        : {}),
    });
    let [reasoning, annotations]: [string, unknown[]] = ['', []];
    let final: ChatCompletion | undefined;
    stream.on('chunk', (chunk, snapshot) => {
      const delta = (chunk.choices[0]?.delta ?? {}) as {
        reasoning_content?: string;
        reasoning?: string;
        annotations?: [];
      };
      reasoning += delta.reasoning_content ?? delta.reasoning ?? '';
      annotations = [...annotations, ...(delta.annotations ?? [])];
      final = snapshot as ChatCompletion;
    });
    // It takes an answer that was cut off for an error where it was to be parsed.
    await stream.done();
    const { message, finish_reason } = final!.choices[0]!;
    const { content, refusal, tool_calls = [] } = message;
    turns.push({ content, refusal, tool_calls, annotations, reasoning, finish_reason, usage: final!.usage });
    if (tool_calls.length === 0) break;
    messages.push(message);
    for (const call of tool_calls) {
      if (call.type !== 'function') throw new Error(call.type);
      const content = resultOf(call.function.name, call.function.arguments);
      messages.push({ role: 'tool', tool_call_id: call.id, content });
    }
  }
  return turns;
}

async function openAiResponses(ask: ClientAsk): Promise<unknown[]> {
  const client = new OpenAI({
    baseURL: `${ask.url}/v1`,
    apiKey: 'any',
    maxRetries: 0,
    defaultHeaders: ask.headers ?? {},
  });
  const input: ResponseInput = [{ role: 'user', content: PROMPT }];
  const turns: unknown[] = [];
  while (turns.length < MAX_TURNS) {
    const stream = client.responses.stream({
      model: ask.model,
      instructions: SYSTEM,
      input,
      store: false,
      include: ['reasoning.encrypted_content'],
      ...(ask.reasoning ? { reasoning: { effort: 'medium', summary: 'auto' } } : {}),
      ...(ask.maxTokens ? { max_output_tokens: ask.maxTokens } : {}),
      ...(ask.tools
        ? {
            tools: TOOL_LIST.map(({ schema, ...named }) => ({
              type: 'function' as const,
              ...named,
              parameters: schema,
              strict: true,
            })),
          }
        : {}),
      ...(ask.structured
        ? { text: { format: { type: 'json_schema' as const, name: 'place', schema: SCHEMA, strict: true } } }
        : {}),
    });
    const { output, status, incomplete_details, usage, error } = await stream.finalResponse();
    turns.push({ output, status, incomplete_details, usage, error });
    const calls = output.filter((item) => item.type === 'function_call');
    if (calls.length === 0) break;
    input.push(...(output as ResponseInput));
    for (const { call_id, name, arguments: json } of calls) {
      input.push({ type: 'function_call_output', call_id, output: resultOf(name, json) });
    }
  }
  return turns;
}

async function anthropic(ask: ClientAsk): Promise<unknown[]> {
  const client = new Anthropic({ baseURL: ask.url, apiKey: 'any', maxRetries: 0, defaultHeaders: ask.headers ?? {} });
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: PROMPT }];
  const turns: unknown[] = [];
  while (turns.length < MAX_TURNS) {
    const stream = client.messages.stream({
      model: ask.model,
      system: SYSTEM,
      messages,
      max_tokens: ask.maxTokens ?? 4096,
      ...(ask.reasoning ? { thinking: { type: 'enabled', budget_tokens: 2048 } } : {}),
      ...(ask.stop ? { stop_sequences: [ask.stop] } : {}),
      ...(ask.tools
        ? { tools: TOOL_LIST.map(({ schema, ...named }) => ({ ...named, input_schema: schema as { type: 'object' } })) }
        : {}),
      ...(ask.structured ? { output_config: { format: { type: 'json_schema', schema: SCHEMA } } } : {}),
    });
    const { content, stop_reason, stop_sequence, usage } = await stream.finalMessage();
    turns.push({ content, stop_reason, stop_sequence, usage });
    const calls = content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) break;
    messages.push({ role: 'assistant', content: content as Anthropic.ContentBlockParam[] });
    messages.push({
      role: 'user',
      content: calls.map(({ id, name, input }) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: resultOf(name, input),
      })),
    });
  }
  return turns;
}

function aiSdk(model: (ask: ClientAsk) => LanguageModel): OfficialClient['run'] {
  return async (ask) => {
    const tools = Object.entries(TOOLS).map(([name, schema]) => [
      name,
      tool({ inputSchema: jsonSchema(schema), execute: async (input) => resultOf(name, input) }),
    ]);
    let failure: unknown;
    const result = streamText({
      model: model(ask),
      system: SYSTEM,
      prompt: PROMPT,
      maxRetries: 0,
      stopWhen: isStepCount(MAX_TURNS),
      ...(ask.tools ? { tools: Object.fromEntries(tools) } : {}),
      ...(ask.maxTokens ? { maxOutputTokens: ask.maxTokens } : {}),
      ...(ask.stop ? { stopSequences: [ask.stop] } : {}),
      ...(ask.structured ? { output: Output.object({ schema: jsonSchema(SCHEMA) }) } : {}),
      ...(ask.reasoning
        ? {
            providerOptions: {
              weir: { reasoningEffort: 'medium' },
              anthropic: { thinking: { type: 'enabled', budgetTokens: 2048 } },
            },
          }
        : {}),
      onError: ({ error }) => {
        failure = error;
      },
    });
    await result.consumeStream();
    if (failure !== undefined) throw failure;
    return (await result.steps).map(({ text, reasoningText, toolCalls, finishReason, usage }) => {
      const { inputTokens, outputTokens, inputTokenDetails, outputTokenDetails } = usage;
      const { reasoningTokens } = outputTokenDetails;
      const calls = toolCalls.map(({ toolName, input }) => ({ toolName, input }));
      const counts = { inputTokens, outputTokens, inputTokenDetails, reasoningTokens };
      return { text, reasoningText, calls, finishReason, usage: counts };
    });
  };
}

async function langChain(ask: ClientAsk): Promise<unknown[]> {
  const configuration = { baseURL: `${ask.url}/v1`, defaultHeaders: ask.headers ?? {} };
  const plain = new ChatOpenAI({
    model: ask.model,
    apiKey: 'any',
    maxRetries: 0,
    configuration,
    ...(ask.maxTokens ? { maxTokens: ask.maxTokens } : {}),
    ...(ask.stop ? { stop: [ask.stop] } : {}),
    modelKwargs: {
      ...(ask.reasoning ? { reasoning_effort: 'medium' } : {}),
      ...(ask.structured
        ? { response_format: { type: 'json_schema', json_schema: { name: 'place', schema: SCHEMA, strict: true } } }
        : {}),
    },
  });
  const tools = TOOL_LIST.map(({ schema, ...named }) => ({
    type: 'function' as const,
    function: { ...named, parameters: schema },
  }));
  const chat = ask.tools ? plain.bindTools(tools) : plain;
  const messages: BaseMessage[] = [new SystemMessage(SYSTEM), new HumanMessage(PROMPT)];
  const turns: unknown[] = [];
  while (turns.length < MAX_TURNS) {
    let final: AIMessageChunk | undefined;
    for await (const chunk of await chat.stream(messages)) final = final ? final.concat(chunk) : chunk;
    const { content, tool_calls = [], usage_metadata, response_metadata } = final!;
    const calls = tool_calls.map(({ name, args }) => ({ name, args }));
    turns.push({ content, calls, usage_metadata, finish_reason: response_metadata.finish_reason });
    if (tool_calls.length === 0) break;
    messages.push(final!);
    for (const { id, name, args } of tool_calls) {
      messages.push(new ToolMessage({ tool_call_id: id!, content: resultOf(name, args) }));
    }
  }
  return turns;
}

/** Without a loop: this format has no results of tools. */
async function weir(ask: ClientAsk): Promise<unknown[]> {
  const slash = ask.model.indexOf('/');
  const [provider, model] = [ask.model.slice(0, slash), ask.model.slice(slash + 1)];
  let [reasoning, refusal] = ['', ''];
  const citations: unknown[] = [];
  const calls: { name: string; arguments: string }[] = [];
  const result = await openStream(
    {
      provider,
      model,
      parts: true,
      messages: [
        { role: 'system', content: SYSTEM },
        { role: 'user', content: PROMPT },
      ],
      ...(ask.maxTokens ? { max_tokens: ask.maxTokens } : {}),
    },
    {
      baseUrl: `${ask.url}/api/v1`,
      verify: true,
      onEvent: ({ type, data }) => {
        if (type === 'reasoning') reasoning += data.content;
        if (type === 'refusal') refusal += data.content;
        if (type === 'citation') citations.push(data);
        if (type !== 'tool_call') return;
        if (data.name !== undefined) calls[data.index] = { name: data.name, arguments: '' };
        calls[data.index]!.arguments += data.arguments;
      },
    },
  );
  if (result.outcome !== 'complete') throw new Error(JSON.stringify(result));
  const { finish_reason, usage } = result.complete;
  return [{ text: result.text, reasoning, refusal, citations, calls, finish_reason, usage }];
}

export const OFFICIAL_CLIENTS: readonly OfficialClient[] = [
  { name: 'openai chat.completions.stream', format: 'chat', run: openAiChat },
  { name: 'openai responses.stream', format: 'responses', run: openAiResponses },
  { name: '@anthropic-ai/sdk messages.stream', format: 'messages', run: anthropic },
  { name: 'weir openStream', format: 'weir', run: weir },
  {
    name: 'ai streamText, @ai-sdk/openai-compatible',
    format: 'chat',
    run: aiSdk(({ url, model }) => {
      const provider = createOpenAICompatible({
        name: 'weir',
        supportsStructuredOutputs: true,
        baseURL: `${url}/v1`,
        apiKey: 'any',
        includeUsage: true,
      });
      return provider(model);
    }),
  },
  {
    name: 'ai streamText, @ai-sdk/anthropic',
    format: 'messages',
    run: aiSdk(({ url, model }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: 'any' })(model)),
  },
  { name: '@langchain/openai', format: 'chat', run: langChain },
];

/** Names that differ from answer to answer, and what only one provider's answer has. */
const NAMES = new Set(['id', 'call_id', 'parsed', 'parsed_arguments', 'logprobs', 'raw', 'index']);
/** What is given back unread. */
const SEALS = new Set(['signature', 'encrypted_content', 'data']);

/** The same without names, and without what is empty: a count of none and no count are as good. */
export function withoutNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNames);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
    if (NAMES.has(key)) return [];
    if (SEALS.has(key) && typeof each === 'string' && each !== '') return [[key, '(sealed)']];
    const inside = withoutNames(each);
    const isEmpty =
      inside === null ||
      inside === undefined ||
      inside === '' ||
      inside === 0 ||
      (typeof inside === 'object' && Object.keys(inside).length === 0);
    return isEmpty ? [] : [[key, inside]];
  });
  return Object.fromEntries(kept);
}
