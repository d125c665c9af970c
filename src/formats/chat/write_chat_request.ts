import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { MAX_STOPS, MAX_USER_LENGTH, type OpenAiModel } from '../openai_model.ts';
import { effortIn, openAiSampling } from '../openai_reasoning.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';
import { keepsStrict, toolSchema } from '../tool_schema.ts';
import { chatAbilities } from './chat_abilities.ts';
import { ChatMessages } from './write_chat_messages.ts';

/** Fields that only OpenAI's own models are known to take; a strict server refuses the whole request for one. */
const OF_OPENAI = ['verbosity', 'user', 'metadata', 'promptCacheKey', 'serviceTier'] as const;

/** @throws WeirError not_supported */
export function writeChatRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  const abilities = chatAbilities(to);
  const { isOwn, openAi, readsCache } = abilities;
  const messages = new ChatMessages(losses, abilities);
  const effort = effortIn(request, abilities, losses);
  const { tools, toolChoice } = request;
  const { temperature, top_p } = openAiSampling(request, openAi, effort, losses);
  const own = isOwn ? ofOpenAi(request, losses) : NONE;
  // Without spreads: V8 then knows the shape, and every stream begins with such a body.
  const body = given({
    model: to.model,
    messages: messages.write(request.messages),
    stream: to.stream,
    stream_options: to.stream ? { include_usage: true } : undefined,
    max_completion_tokens: openAi.completes ? request.maxTokens : undefined,
    max_tokens: openAi.completes ? undefined : request.maxTokens,
    temperature,
    top_p,
    top_k: isOwn ? undefined : request.topK,
    stop: stopOf(request, openAi, losses),
    seed: request.seed,
    tools: tools.length > 0 ? tools.map((tool) => toolOf(tool, readsCache, losses)) : undefined,
    tool_choice: choiceOf(toolChoice, tools),
    parallel_tool_calls: tools.length > 0 ? request.parallelToolCalls : undefined,
    reasoning_effort: effort,
    response_format: formatOf(request.output, losses),
    verbosity: own.verbosity,
    user: own.user,
    metadata: own.metadata,
    prompt_cache_key: own.promptCacheKey,
    service_tier: own.serviceTier,
  });
  losses.drop(...(isOwn ? (['topK'] as const) : OF_OPENAI));
  return { body, dropped: losses.settle(to) };
}

type OfOpenAi = Partial<Pick<GenerationRequest, (typeof OF_OPENAI)[number]>>;
const NONE: OfOpenAi = {};

function ofOpenAi(request: GenerationRequest, losses: RequestLosses): OfOpenAi {
  if (request.user === undefined || request.user.length <= MAX_USER_LENGTH) return request;
  losses.drop('user');
  return { ...request, user: undefined };
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
