import { askByTool } from '../answer_tool.ts';
import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Message, MessagePart, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';
import { fileText } from '../request_text.ts';
import { toolSchema } from '../tool_schema.ts';
import { type ClaudeModel, claudeModel } from './claude_model.ts';
import { closedSchema } from './closed_schema.ts';
import { markCaches } from './mark_caches.ts';
import { writeMessagesBlocks, writeMessagesTurns } from './write_messages_turns.ts';
import { thinkingOf } from './write_thinking.ts';

/** Where neither client nor configuration says how much the model may write. */
const MAX_TOKENS = 8192;

/** What is asked where the format has no mode for JSON without a schema. */
const ONLY_JSON: JsonObject = { type: 'text', text: 'Answer with one JSON object and nothing else.' };

/** @throws WeirError not_supported */
export function writeMessagesRequest(sent: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(sent);
  losses.drop('seed', 'verbosity', 'metadata');
  for (const message of sent.messages) losses.loseMembers(message);
  const model = claudeModel(to.model);
  const { request, answerTool } = (model.hasSchemas ? undefined : askByTool(sent, losses)) ?? { request: sent };
  const maxTokens = request.maxTokens ?? to.maxTokens ?? MAX_TOKENS;
  const system = request.messages
    .filter(isSystem)
    .flatMap(({ parts }) => writeMessagesBlocks(plain(parts, losses), losses));
  const turns = writeMessagesTurns(
    request.messages.filter((message) => !isSystem(message)),
    model.prefills,
    losses,
  );
  const thinking = thinkingOf(request, model, maxTokens, turns, losses);
  if (request.output?.type === 'json') {
    losses.drop('output');
    system.push({ ...ONLY_JSON });
  }
  const tools = request.tools.length > 0 ? request.tools.map((tool) => toolOf(tool, losses)) : calledTools(request);
  markCaches(request, model, { system, tools, turns }, losses);
  const body = given({
    model: to.model,
    max_tokens: maxTokens,
    system: system.length > 0 ? system : undefined,
    messages: turns,
    stream: to.stream,
    ...samplingOf(request, model, thinking.isOn, losses),
    stop_sequences: stopOf(request, losses),
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: request.tools.length > 0 ? choiceOf(request) : tools.length > 0 ? { type: 'none' } : undefined,
    thinking: thinking.thinking,
    output_config: outputOf(request, model, thinking.effort, losses),
    metadata: userOf(request, losses),
    service_tier: tierOf(request, losses),
  });
  const dropped = losses.settle(to);
  return answerTool ? { body, dropped, answerTool } : { body, dropped };
}

function isSystem({ role }: Message): boolean {
  return role === 'system';
}

/** The system says text only. */
function plain(parts: readonly MessagePart[], losses: RequestLosses): readonly MessagePart[] {
  return parts.flatMap((part): MessagePart[] => {
    if (part.type !== 'file' && part.type !== 'image') return [part];
    if (part.type === 'file' && part.text !== undefined) return [{ type: 'text', text: fileText(part) }];
    losses.refuse(part.at, 'the system says only text here; let the user say it');
    return [];
  });
}

function toolOf({ name, description, parameters, strict, cache }: Tool, losses: RequestLosses): JsonObject {
  if (strict === true) losses.dropField('tools.strict');
  return given({ name, description, input_schema: toolSchema(parameters, losses), cache_control: cache });
}

/** A conversation with calls is refused without tools, even where none is to be called any more. */
function calledTools({ messages }: GenerationRequest): JsonObject[] {
  const called = messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'tool_call' ? [part.name] : [])),
  );
  return [...new Set(called)].map((name) => ({ name, input_schema: { type: 'object', properties: {} } }));
}

/** Newer models refuse sampling; all refuse it while they think. It is a hint: the answer is none the less an answer. */
function samplingOf(
  request: GenerationRequest,
  model: ClaudeModel,
  thinks: boolean,
  losses: RequestLosses,
): JsonObject {
  const { temperature, topP, topK } = request;
  const both = model.samplesOneWay && temperature !== undefined;
  if ((temperature ?? 0) > 1) losses.refuse('temperature', 'this provider takes at most 1; send 1 or less');
  const free = model.samples && !thinks;
  const kept = {
    temperature: free ? temperature : undefined,
    top_p: free && !both ? topP : undefined,
    top_k: free ? topK : undefined,
  };
  if (temperature !== kept.temperature && temperature !== 1) losses.drop('temperature');
  if (topP !== kept.top_p && topP !== 1) losses.drop('topP');
  if (topK !== kept.top_k) losses.drop('topK');
  return kept;
}

function stopOf(request: GenerationRequest, losses: RequestLosses): readonly string[] | undefined {
  const isBlank = request.stop?.some((sequence) => sequence.trim() === '') === true;
  if (isBlank) losses.refuse(losses.name('stop'), 'this provider takes no sequence of white space only');
  return request.stop;
}

function choiceOf({ toolChoice, parallelToolCalls }: GenerationRequest): JsonObject | undefined {
  const single = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  if (typeof toolChoice === 'object') return { type: 'tool', name: toolChoice.name, ...single };
  if (toolChoice === 'none') return { type: 'none' };
  if (toolChoice === 'required') return { type: 'any', ...single };
  return toolChoice === undefined && parallelToolCalls !== false ? undefined : { type: 'auto', ...single };
}

function outputOf(
  { output }: GenerationRequest,
  model: ClaudeModel,
  effort: string | undefined,
  losses: RequestLosses,
): JsonObject | undefined {
  if (output?.type !== 'schema') return effort === undefined ? undefined : { effort };
  if (!model.hasSchemas) losses.refuse(losses.name('output'), 'this model has no schemas for answers; give it a tool');
  const schema = closedSchema(output.schema, () =>
    losses.refuse(
      losses.name('output'),
      'this provider fills only members that a schema names; name them, or give it a tool',
    ),
  );
  return given({ effort, format: { type: 'json_schema', schema } });
}

/** Anthropic takes no longer one. */
const MAX_USER = 256;

function userOf({ user }: GenerationRequest, losses: RequestLosses): JsonObject | undefined {
  if (user === undefined) return undefined;
  if (user.length <= MAX_USER) return { user_id: user };
  losses.drop('user');
  return undefined;
}

function tierOf({ serviceTier }: GenerationRequest, losses: RequestLosses): string | undefined {
  if (serviceTier === 'default') return 'standard_only';
  losses.drop('serviceTier');
  return undefined;
}
