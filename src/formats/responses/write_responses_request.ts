import type { WriteTarget, WrittenRequest } from '../format.ts';
import type { GenerationRequest, Tool } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { MAX_USER_LENGTH, openAiModel } from '../openai_model.ts';
import { effortIn, openAiSampling } from '../openai_reasoning.ts';
import { given } from '../request_fields.ts';
import { RequestLosses } from '../request_losses.ts';
import { keepsStrict, toolSchema } from '../tool_schema.ts';
import { writeResponsesItems } from './write_responses_items.ts';

/** OpenAI refuses a lower limit; clients of other formats ask for one token to see whether the server answers. */
const MIN_TOKENS = 16;

/** @throws WeirError not_supported */
export function writeResponsesRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest {
  const losses = new RequestLosses(request);
  const model = openAiModel(to.model);
  const effort = effortIn(request, model, losses);
  const thinks =
    model.reasons || (!model.isOwn && request.reasoning !== undefined && request.reasoning.effort !== 'none');
  losses.drop('topK', 'seed');
  if (request.stop) losses.refuse(losses.name('stop'), 'this provider has no stop sequences; leave them out');
  const { tools, toolChoice, maxTokens, user, verbosity } = request;
  const isLong = user !== undefined && user.length > MAX_USER_LENGTH;
  if (isLong) losses.drop('user');
  const hasTools = tools.length > 0;
  if (tools.some(({ cache }) => cache)) losses.dropField('cache_control');
  const format = formatOf(request.output, losses);
  const body = given({
    model: to.model,
    input: writeResponsesItems(request.messages, losses),
    stream: to.stream,
    store: false,
    include: thinks ? ['reasoning.encrypted_content'] : undefined,
    max_output_tokens: maxTokens === undefined ? undefined : Math.max(MIN_TOKENS, maxTokens),
    ...openAiSampling(request, model, effort, losses),
    tools: hasTools ? tools.map((tool) => toolOf(tool, losses)) : undefined,
    tool_choice: hasTools ? choiceOf(toolChoice) : undefined,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
    reasoning: thinks ? reasoningOf(request.reasoning, effort) : undefined,
    text: format || verbosity ? given({ format, verbosity }) : undefined,
    user: isLong ? undefined : user,
    metadata: request.metadata,
    prompt_cache_key: request.promptCacheKey,
    service_tier: request.serviceTier,
  });
  return { body, dropped: losses.settle(to) };
}

function toolOf({ name, description, parameters: asked, ...tool }: Tool, losses: RequestLosses): JsonObject {
  const parameters = toolSchema(asked, losses);
  const strict = tool.strict === true && keepsStrict(parameters, 'tools.strict', losses);
  return { type: 'function', ...given({ name, description, parameters }), strict };
}

function choiceOf(choice: GenerationRequest['toolChoice']): unknown {
  return typeof choice === 'object' ? { type: 'function', name: choice.name } : choice;
}

function reasoningOf(reasoning: GenerationRequest['reasoning'], effort: string | undefined): JsonObject | undefined {
  const summary = effort === 'none' || reasoning?.summary === 'omitted' ? undefined : reasoning?.summary;
  return effort === undefined && summary === undefined ? undefined : given({ effort, summary });
}

function formatOf(output: GenerationRequest['output'], losses: RequestLosses): JsonObject | undefined {
  if (output === undefined) return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, schema } = output;
  const strict = output.strict && keepsStrict(schema, `${losses.name('output')}.strict`, losses);
  return { type: 'json_schema', name, schema, strict };
}
