import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { MAX_STOPS, MAX_USER_LENGTH, type OpenAiModel, openAiModel } from '../openai_model.ts';
import { effortIn, openAiSampling } from '../openai_reasoning.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';
import { keepsStrict, toolSchema } from '../tool_schema.ts';
import { chatAbilities } from './chat_abilities.ts';
import { ChatMessages } from './write_chat_messages.ts';

/** Fields that only OpenAI's own models are known to take; a strict server refuses the whole request for one. */
const OF_OPENAI = ['verbosity', 'user', 'metadata', 'promptCacheKey', 'serviceTier'] as const;

/** @throws WeirError validation_error */
export function writeChatRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  const abilities = chatAbilities(to);
  const { isOwn, readsCache } = abilities;
  const openAi = openAiModel(to.model);
  const messages = new ChatMessages(losses, abilities);
  const effort = effortIn(request, abilities, losses);
  const { tools, toolChoice } = request;
  const body = given({
    model: to.model,
    messages: messages.write(request.messages),
    stream: to.stream,
    stream_options: to.stream ? { include_usage: true } : undefined,
    [openAi.completes ? 'max_completion_tokens' : 'max_tokens']: request.maxTokens,
    ...openAiSampling(request, openAi, effort, losses),
    top_k: isOwn ? undefined : request.topK,
    stop: stopOf(request, openAi, losses),
    seed: request.seed,
    tools: tools.length > 0 ? tools.map((tool) => toolOf(tool, readsCache, losses)) : undefined,
    tool_choice: choiceOf(toolChoice, tools),
    parallel_tool_calls: tools.length > 0 ? request.parallelToolCalls : undefined,
    reasoning_effort: effort,
    response_format: formatOf(request.output, losses),
    ...ofOpenAi(request, isOwn, losses),
  });
  if (isOwn) losses.drop('topK');
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
  readsCache: boolean,
  losses: RequestLosses,
) {
  if (cache && !readsCache) losses.dropField('cache_control');
  const parameters = toolSchema(asked, losses);
  const strict = tool.strict && keepsStrict(parameters, 'tools.strict', losses);
  const marked = cache && readsCache ? { cache_control: cache } : {};
  return { type: 'function', function: given({ name, description, parameters, strict }), ...marked };
}

/** A choice without tools is refused by OpenAI. */
function choiceOf(choice: GenerationRequest['toolChoice'], tools: readonly Tool[]): unknown {
  if (tools.length === 0) return undefined;
  return typeof choice === 'object' ? { type: 'function', function: choice } : choice;
}

/** A server takes them all, or refuses the whole request. */
function stopOf({ stop }: GenerationRequest, { isOwn, reasons }: OpenAiModel, losses: RequestLosses): typeof stop {
  if (stop === undefined || !isOwn) return stop;
  if (reasons) losses.refuse(losses.name('stop'), 'this model takes no stop sequences; leave them out');
  else if (stop.length > MAX_STOPS) losses.refuse(losses.name('stop'), `this provider takes at most ${MAX_STOPS}`);
  return stop;
}

function formatOf(output: GenerationRequest['output'], losses: RequestLosses): JsonObject | undefined {
  if (output === undefined) return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, schema } = output;
  const strict = output.strict && keepsStrict(schema, `${losses.name('output')}.strict`, losses);
  return { type: 'json_schema', json_schema: { name, schema, strict } };
}
