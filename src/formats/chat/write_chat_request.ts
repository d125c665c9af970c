import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { MAX_USER_LENGTH, openAiModel } from '../openai_model.ts';
import { effortOf } from '../reasoning_effort.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';
import { keepsStrict, toolSchema } from '../tool_schema.ts';
import { ChatMessages } from './write_chat_messages.ts';

/** Fields that only OpenAI's own models are known to take; a strict server refuses the whole request for one. */
const OF_OPENAI = ['verbosity', 'user', 'metadata', 'promptCacheKey', 'serviceTier'] as const;

/** Families of models that do not reason: their servers may refuse an effort. */
const UNREASONING = /(llama|mixtral|mistral-(?!medium|small)|ministral|codestral|pixtral|gemma|phi-)/i;

/** Efforts beyond the three that all servers know, and the nearest of these. */
const NEAREST = new Map([
  ['minimal', 'low'],
  ['xhigh', 'high'],
  ['max', 'high'],
]);

/** @throws WeirError validation_error */
export function writeChatRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  const { isOwn, reasons } = openAiModel(to.model);
  const isClaude = to.model.includes('claude');
  const canReason = isOwn ? reasons : !UNREASONING.test(to.model);
  const messages = new ChatMessages(losses, {
    readsReasoning: !isOwn && !isClaude && !/mistral|magistral|codestral|devstral/.test(to.model),
    wantsReasoning: /deepseek|kimi/.test(to.model),
    readsDetails: to.model.includes('/'),
    readsCache: isClaude,
    readsRefusals: isOwn,
  });
  const { tools, toolChoice } = request;
  const body = given({
    model: to.model,
    messages: messages.write(request.messages),
    stream: to.stream,
    stream_options: to.stream ? { include_usage: true } : undefined,
    [reasons ? 'max_completion_tokens' : 'max_tokens']: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: isOwn ? undefined : request.topK,
    stop: request.stop,
    seed: request.seed,
    tools: tools.length > 0 ? tools.map((tool) => toolOf(tool, isClaude, losses)) : undefined,
    tool_choice: choiceOf(toolChoice, tools),
    parallel_tool_calls: tools.length > 0 ? request.parallelToolCalls : undefined,
    reasoning_effort: canReason ? chatEffort(request.reasoning, to.model, isOwn) : undefined,
    response_format: formatOf(request.output, losses),
    ...ofOpenAi(request, isOwn, losses),
  });
  if (isOwn) losses.drop('topK');
  if (!canReason) losses.drop('reasoning');
  return { body, dropped: losses.settle(to) };
}

function ofOpenAi(request: GenerationRequest, isOwn: boolean, losses: RequestLosses): JsonObject {
  const { verbosity, user, metadata, promptCacheKey, serviceTier } = request;
  if (!isOwn) {
    losses.drop(...OF_OPENAI);
    return {};
  }
  const isLong = user !== undefined && user.length > MAX_USER_LENGTH;
  if (isLong) losses.drop('user');
  return {
    verbosity,
    user: isLong ? undefined : user,
    metadata,
    prompt_cache_key: promptCacheKey,
    service_tier: serviceTier,
  };
}

function toolOf(
  { name, description, parameters: asked, cache, ...tool }: Tool,
  isClaude: boolean,
  losses: RequestLosses,
) {
  if (cache && !isClaude) losses.dropField('cache_control');
  const parameters = toolSchema(asked, losses);
  const strict = tool.strict && keepsStrict(parameters, 'tools.strict', losses);
  const marked = cache && isClaude ? { cache_control: cache } : {};
  return { type: 'function', function: given({ name, description, parameters, strict }), ...marked };
}

/** A choice without tools is refused by OpenAI. */
function choiceOf(choice: GenerationRequest['toolChoice'], tools: readonly Tool[]): unknown {
  if (tools.length === 0) return undefined;
  return typeof choice === 'object' ? { type: 'function', function: choice } : choice;
}

function chatEffort(reasoning: GenerationRequest['reasoning'], model: string, isOwn: boolean): string | undefined {
  const effort = effortOf(reasoning);
  const knowsAll = isOwn || /claude/.test(model) || (effort === 'max' && /deepseek/.test(model));
  return effort === undefined || knowsAll ? effort : (NEAREST.get(effort) ?? effort);
}

function formatOf(output: GenerationRequest['output'], losses: RequestLosses): JsonObject | undefined {
  if (output === undefined) return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, schema } = output;
  const strict = output.strict && keepsStrict(schema, `${losses.name('output')}.strict`, losses);
  return { type: 'json_schema', json_schema: { name, schema, strict } };
}
