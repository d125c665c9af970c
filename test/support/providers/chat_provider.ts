import { type JsonObject, listOf, objectOf, textOf } from '../../../src/formats/json_object.ts';
import {
  argumentsOf,
  asksToReason,
  callsOf,
  type Frame,
  type ProviderFormat,
  type ScriptedAnswer,
  type ScriptedRefusal,
  type Seals,
} from './scripted_answer.ts';

/** Of OpenAI's chat completions what it takes; anything else it refuses by name. */
const FIELDS = new Set(
  'audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options moderation'.split(
    ' ',
  ),
);
/** What OpenRouter and vLLM take on top of that. */
const MORE_FIELDS = new Set('reasoning include_reasoning top_k min_p repetition_penalty provider models'.split(' '));

type Flavour = 'openai' | 'openrouter' | 'deepseek';

function flavourOf(body: JsonObject): Flavour {
  const model = textOf(body.model);
  if (model.startsWith('gpt')) return 'openai';
  return model.startsWith('deepseek') ? 'deepseek' : 'openrouter';
}

/**
 * Servers of OpenAI's chat completions: OpenAI itself, which shows no reasoning (`gpt…`), DeepSeek, which wants
 * `reasoning_content` back, and OpenRouter, which has `reasoning_details`.
 */
export const chatProvider: ProviderFormat = {
  refuses(body, seals) {
    const flavour = flavourOf(body);
    for (const name of Object.keys(body)) {
      if (!FIELDS.has(name) && (flavour === 'openai' || !MORE_FIELDS.has(name))) {
        return `Unrecognized request argument supplied: ${name}`;
      }
    }
    if (body.stream !== true && body.stream_options != null) {
      return "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
    }
    if (flavour === 'openai' && body.max_tokens != null && asksToReason(body.reasoning_effort)) {
      return "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    }
    if (Array.isArray(body.stop) && body.stop.length > 4) return "Invalid 'stop': array too long.";
    return refusedMessages(
      listOf(body.messages).map((entry) => objectOf(entry) ?? {}),
      flavour,
      seals,
    );
  },

  turn: (body) => listOf(body.messages).filter((entry) => listOf(objectOf(entry)?.tool_calls).length > 0).length,

  frames(answer, body, seals) {
    const flavour = flavourOf(body);
    const about = {
      id: 'gen-1764000000-mock',
      object: 'chat.completion.chunk',
      created: 1764000000,
      model: body.model,
    };
    const frames: Frame[] = [];
    const chunk = (delta: object, piece: boolean, finish_reason: string | null = null) =>
      frames.push({
        text: `data: ${JSON.stringify({ ...about, choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
        piece,
      });
    if (flavour === 'openrouter') frames.push({ text: ': OPENROUTER PROCESSING\n\n', piece: false });
    chunk({ role: 'assistant', content: flavour === 'deepseek' ? null : '' }, false);
    for (const step of answer.steps) {
      if ('think' in step && reasons(flavour, body)) {
        for (const text of step.think) chunk(thought(flavour, text), true);
        for (const detail of sealed(flavour, step, seals))
          chunk({ reasoning: null, reasoning_details: [detail] }, false);
      } else if ('say' in step) for (const content of step.say) chunk({ content }, true);
      else if ('refuse' in step) for (const refusal of step.refuse) chunk({ refusal }, true);
      else if ('cite' in step) chunk({ annotations: [annotationOf(step.cite)] }, false);
      else if ('calls' in step) {
        for (const call of step.calls) {
          const index = callsOf(answer).indexOf(call);
          const named = { name: call.name, arguments: '' };
          chunk({ tool_calls: [{ index, id: `call_${call.id}`, type: 'function', function: named }] }, false);
          for (const json of call.json) chunk({ tool_calls: [{ index, function: { arguments: json } }] }, true);
        }
      }
    }
    if (answer.end === 'cut') return frames;
    if (answer.end === 'error') {
      const error = { message: 'The server is overloaded.', type: 'server_error', code: 'server_error' };
      frames.push({ text: `data: ${JSON.stringify({ error })}\n\n`, piece: false });
      return frames;
    }
    chunk({}, false, finishOf(answer));
    if (objectOf(body.stream_options)?.include_usage === true) {
      frames.push({
        text: `data: ${JSON.stringify({ ...about, choices: [], usage: usageOf(answer, flavour) })}\n\n`,
        piece: false,
      });
    }
    frames.push({ text: 'data: [DONE]\n\n', piece: false });
    return frames;
  },

  whole(answer, body, seals) {
    const flavour = flavourOf(body);
    let [content, refusal, reasoning] = ['', '', ''];
    const details: object[] = [];
    const annotations: object[] = [];
    for (const step of answer.steps) {
      if ('say' in step) content += step.say.join('');
      else if ('refuse' in step) refusal += step.refuse.join('');
      else if ('cite' in step) annotations.push(annotationOf(step.cite));
      else if ('think' in step && reasons(flavour, body)) {
        reasoning += step.think.join('');
        if (flavour === 'openrouter') details.push({ ...DETAIL, text: step.think.join('') });
        details.push(...sealed(flavour, step, seals));
      }
    }
    const calls = callsOf(answer).map((call) => ({
      id: `call_${call.id}`,
      type: 'function',
      function: { name: call.name, arguments: argumentsOf(call) },
    }));
    const message = {
      role: 'assistant',
      content: content === '' ? null : content,
      refusal: refusal === '' ? null : refusal,
      ...(reasoning !== '' && flavour === 'deepseek' ? { reasoning_content: reasoning } : {}),
      ...(reasoning !== '' && flavour === 'openrouter' ? { reasoning, reasoning_details: details } : {}),
      ...(annotations.length === 0 ? {} : { annotations }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    return {
      id: 'gen-1764000000-mock',
      object: 'chat.completion',
      created: 1764000000,
      model: body.model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(answer) }],
      usage: usageOf(answer, flavour),
    };
  },

  errorBody: openAiErrorBody,
};

export function openAiErrorBody({ status, message }: ScriptedRefusal): object {
  const types: Record<number, string> = { 401: 'authentication_error', 429: 'rate_limit_error', 500: 'server_error' };
  const code = status === 401 ? 'invalid_api_key' : status === 429 ? 'rate_limit_exceeded' : null;
  return { error: { message, type: types[status] ?? 'invalid_request_error', param: null, code } };
}

const DETAIL = { type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0 };

function reasons(flavour: Flavour, { reasoning_effort, reasoning }: JsonObject): boolean {
  if (flavour === 'openai') return false;
  return flavour === 'deepseek' || asksToReason(reasoning_effort) || asksToReason(objectOf(reasoning)?.effort);
}

function thought(flavour: Flavour, text: string): object {
  if (flavour === 'deepseek') return { content: null, reasoning_content: text };
  return { content: '', reasoning: text, reasoning_details: [{ ...DETAIL, text }] };
}

function sealed(flavour: Flavour, step: { think: readonly string[]; seal?: string }, seals: Seals): object[] {
  if (step.seal === undefined || flavour !== 'openrouter') return [];
  return [{ ...DETAIL, signature: seals.give(`or-${step.seal}==`, step.think.join('')) }];
}

function annotationOf({ url, title }: { url: string; title: string }): object {
  return { type: 'url_citation', url_citation: { url, title, start_index: 0, end_index: 5 } };
}

function finishOf(answer: ScriptedAnswer): string {
  if (answer.end === 'length') return 'length';
  return callsOf(answer).length > 0 ? 'tool_calls' : 'stop';
}

function usageOf({ usage: { input, output, cached, written, reasoning } }: ScriptedAnswer, flavour: Flavour): object {
  const counts = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const details = { completion_tokens_details: { reasoning_tokens: reasoning ?? 0 } };
  if (flavour === 'deepseek') {
    return {
      ...counts,
      ...details,
      prompt_cache_hit_tokens: cached ?? 0,
      prompt_cache_miss_tokens: input - (cached ?? 0),
    };
  }
  const prompt = { cached_tokens: cached ?? 0, cache_write_tokens: written ?? 0 };
  return { ...counts, prompt_tokens_details: prompt, ...details };
}

/** The order of messages, and what an assistant's message must bring back. */
function refusedMessages(messages: readonly JsonObject[], flavour: Flavour, seals: Seals): string | undefined {
  let open = new Set<string>();
  for (const [at, message] of messages.entries()) {
    const { role, content } = message;
    if (!['system', 'developer', 'user', 'assistant', 'tool'].includes(textOf(role))) {
      return `Invalid value: '${textOf(role)}' at messages[${at}].role.`;
    }
    if (role === 'tool') {
      if (!open.delete(textOf(message.tool_call_id))) {
        return "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
      }
      continue;
    }
    if (open.size > 0) {
      return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`;
    }
    const calls = listOf(message.tool_calls).map((call) => objectOf(call) ?? {});
    if ('tool_calls' in message && calls.length === 0) return `Invalid 'messages[${at}].tool_calls': empty array.`;
    open = new Set(calls.map(({ id }) => textOf(id)));
    if (role !== 'assistant') {
      if (content === null || content === undefined) return `Invalid value for 'content': expected a string, got null.`;
      continue;
    }
    if (content == null && calls.length === 0 && message.refusal == null) {
      return `Invalid value for 'content': expected a string, got null.`;
    }
    const bad = refusedReasoning(message, calls.length > 0, flavour, seals);
    if (bad !== undefined) return bad;
  }
  return open.size > 0 ? 'tool_call_ids did not have response messages' : undefined;
}

function refusedReasoning(message: JsonObject, calls: boolean, flavour: Flavour, seals: Seals): string | undefined {
  if (flavour === 'deepseek' && calls && typeof message.reasoning_content !== 'string') {
    return 'The `reasoning_content` in the thinking mode must be passed back to the API.';
  }
  if (flavour !== 'openrouter') return undefined;
  const details = listOf(message.reasoning_details).map((detail) => objectOf(detail) ?? {});
  let said = '';
  for (const { type, text, signature } of details) {
    if (type !== 'reasoning.text') return `Invalid reasoning_details: ${textOf(type)}`;
    said += textOf(text);
    if (signature === undefined || signature === null) continue;
    // OpenAI's own client gives back the last of its pieces only.
    if (seals.textOf(signature) !== said && said !== '') return 'Invalid `signature` in `thinking` block';
    said = '';
  }
  return undefined;
}
