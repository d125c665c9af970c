import { type JsonObject, listOf, objectOf, textOf } from '../../../src/formats/json_object.ts';
import { openAiErrorBody } from './chat_provider.ts';
import {
  argumentsOf,
  asksToReason,
  type Frame,
  type ProviderFormat,
  type ScriptedAnswer,
  type Seals,
} from './scripted_answer.ts';

const FIELDS = new Set(
  'background client_metadata context_management conversation include input instructions max_output_tokens max_tool_calls metadata model parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user moderation'.split(
    ' ',
  ),
);

/** OpenAI's responses. */
export const responsesProvider: ProviderFormat = {
  refuses(body, seals) {
    for (const name of Object.keys(body)) if (!FIELDS.has(name)) return `Unknown parameter: '${name}'.`;
    if (typeof body.max_output_tokens === 'number' && body.max_output_tokens < 16) {
      return "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.";
    }
    for (const [at, entry] of listOf(body.tools).entries()) {
      const { type, name } = objectOf(entry) ?? {};
      if (type === 'function' && textOf(name) === '') return `Missing required parameter: 'tools[${at}].name'.`;
    }
    return typeof body.input === 'string' ? undefined : refusedInput(listOf(body.input), seals);
  },

  turn: (body) => {
    const types = listOf(body.input).map((item) => objectOf(item)?.type);
    return types.filter((type, at) => type === 'function_call_output' && types[at + 1] !== type).length;
  },

  frames(answer, body, seals) {
    const frames: Frame[] = [];
    const event = (type: string, data: object, piece = false) => {
      const sequence_number = frames.length;
      frames.push({ text: `event: ${type}\ndata: ${JSON.stringify({ type, ...data, sequence_number })}\n\n`, piece });
    };
    const begun = responseOf(answer, body, [], 'in_progress');
    event('response.created', { response: begun });
    event('response.in_progress', { response: begun });
    const output = itemsOf(answer, body, seals);
    for (const [output_index, item] of output.entries()) {
      const pieces = item.pieces;
      const place = { item_id: item.done.id, output_index };
      event('response.output_item.added', { output_index, item: item.added });
      if (item.done.type === 'reasoning' && pieces.length > 0) {
        const at = { ...place, summary_index: 0 };
        event('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } });
        for (const delta of pieces) {
          event('response.reasoning_summary_text.delta', { ...at, delta, obfuscation: 'k3J9' }, true);
        }
        event('response.reasoning_summary_text.done', { ...at, text: pieces.join('') });
        event('response.reasoning_summary_part.done', { ...at, part: listOf(item.done.summary)[0] });
      }
      if (item.done.type === 'message') {
        const at = { ...place, content_index: 0 };
        const part = objectOf(listOf(item.done.content)[0]) ?? {};
        const isText = part.type === 'output_text';
        const empty = isText ? { ...part, text: '', annotations: [] } : { ...part, refusal: '' };
        event('response.content_part.added', { ...at, part: empty });
        const name = isText ? 'output_text' : 'refusal';
        const more = isText ? { logprobs: [] } : {};
        for (const delta of pieces) event(`response.${name}.delta`, { ...at, delta, ...more }, true);
        for (const [annotation_index, annotation] of listOf(part.annotations).entries()) {
          event('response.output_text.annotation.added', { ...at, annotation_index, annotation });
        }
        if (answer.end === 'cut' || answer.end === 'error') break;
        event(`response.${name}.done`, { ...at, [isText ? 'text' : 'refusal']: pieces.join(''), ...more });
        event('response.content_part.done', { ...at, part });
      }
      if (item.done.type === 'function_call') {
        for (const delta of pieces) {
          event('response.function_call_arguments.delta', { ...place, delta, obfuscation: 'Q' }, true);
        }
        event('response.function_call_arguments.done', { ...place, arguments: pieces.join('') });
      }
      event('response.output_item.done', { output_index, item: item.done });
    }
    if (answer.end === 'cut') return frames;
    if (answer.end === 'error') {
      const error = { type: 'server_error', code: 'server_error', message: 'The model is overloaded.', param: null };
      event('error', { error, ...error, type: 'error' });
      return frames;
    }
    const status = statusOf(answer);
    event(`response.${status}`, {
      response: responseOf(
        answer,
        body,
        output.map(({ done }) => done),
        status,
      ),
    });
    return frames;
  },

  whole(answer, body, seals) {
    const output = itemsOf(answer, body, seals).map(({ done }) => done);
    return responseOf(answer, body, output, statusOf(answer));
  },

  errorBody: openAiErrorBody,
};

const statusOf = ({ end }: ScriptedAnswer) => (end === 'length' ? 'incomplete' : 'completed');

interface ScriptedItem {
  added: JsonObject;
  done: JsonObject;
  pieces: readonly string[];
}

function itemsOf(answer: ScriptedAnswer, body: JsonObject, seals: Seals): ScriptedItem[] {
  const { effort, summary } = objectOf(body.reasoning) ?? {};
  const items: ScriptedItem[] = [];
  for (const step of answer.steps) {
    if ('think' in step && asksToReason(effort)) {
      const seal = `gAAAA${step.seal ?? 'none'}`;
      const id = `rs_${seal}`;
      const text = step.think.join('');
      const said = asksToReason(summary) ? [{ type: 'summary_text', text }] : [];
      // The text is not checked: a summary is no part of what is sealed.
      const isIncluded = listOf(body.include).includes('reasoning.encrypted_content');
      const encrypted = isIncluded ? { encrypted_content: seals.give(seal, id) } : {};
      items.push({
        added: { id, type: 'reasoning', summary: [], ...encrypted },
        done: { id, type: 'reasoning', summary: said, ...encrypted },
        pieces: said.length > 0 ? step.think : [],
      });
    } else if ('say' in step || 'refuse' in step) {
      const pieces = 'say' in step ? step.say : step.refuse;
      const text = pieces.join('');
      const part =
        'say' in step
          ? { type: 'output_text', text, annotations: [] as object[], logprobs: [] }
          : { type: 'refusal', refusal: text };
      const item = { id: `msg_${items.length}`, type: 'message', role: 'assistant' };
      items.push({
        added: { ...item, status: 'in_progress', content: [] },
        done: { ...item, status: statusOf(answer), content: [part] },
        pieces,
      });
    } else if ('cite' in step) {
      const part = listOf(items.at(-1)?.done.content)[0] as { annotations: object[] };
      part.annotations.push({ type: 'url_citation', ...step.cite, start_index: 0, end_index: 5 });
    } else if ('calls' in step) {
      for (const call of step.calls) {
        const item = { id: `fc_${call.id}`, type: 'function_call', call_id: `call_${call.id}`, name: call.name };
        items.push({
          added: { ...item, arguments: '', status: 'in_progress' },
          done: { ...item, arguments: argumentsOf(call), status: 'completed' },
          pieces: call.json,
        });
      }
    }
  }
  return items;
}

function responseOf(answer: ScriptedAnswer, body: JsonObject, output: object[], status: string): object {
  const { input, output: said, cached = 0, written = 0, reasoning = 0 } = answer.usage;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: said,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + said,
  };
  return {
    id: 'resp_mock',
    object: 'response',
    created_at: 1764000000,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    model: body.model,
    output,
    parallel_tool_calls: true,
    store: body.store ?? true,
    temperature: 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: 1,
    usage: status === 'in_progress' ? null : usage,
    metadata: {},
  };
}

/** Calls have outputs and outputs have calls; reasoning is what was given, and something of its answer follows it. */
function refusedInput(items: readonly unknown[], seals: Seals): string | undefined {
  const calls = new Set<string>();
  const outputs = new Set<string>();
  for (const [at, entry] of items.entries()) {
    const item = objectOf(entry) ?? {};
    const callId = textOf(item.call_id);
    if (item.type === 'custom_tool_call') calls.add(callId);
    else if (item.type === 'function_call') {
      if (textOf(item.id) !== '' && !textOf(item.id).startsWith('fc')) {
        return `Invalid 'input[${at}].id': '${textOf(item.id)}'. Expected an ID that begins with 'fc'.`;
      }
      calls.add(callId);
    } else if (item.type === 'function_call_output' || item.type === 'custom_tool_call_output') {
      if (!calls.has(callId)) return `No tool call found for function call output with call_id ${callId}.`;
      outputs.add(callId);
    } else if (item.type === 'reasoning') {
      const bad = refusedReasoning(item, objectOf(items[at + 1]), seals);
      if (bad !== undefined) return bad;
    } else if (item.type === undefined || item.type === 'message') {
      const bad = refusedContent(item, `input[${at}]`);
      if (bad !== undefined) return bad;
    } else return `Invalid value: '${textOf(item.type)}'. Supported values are …`;
  }
  const missing = [...calls].find((id) => !outputs.has(id));
  return missing === undefined ? undefined : `No tool output found for function call ${missing}.`;
}

function refusedReasoning(item: JsonObject, next: JsonObject | undefined, seals: Seals): string | undefined {
  const id = textOf(item.id);
  if (!Array.isArray(item.summary)) return "Missing required parameter: 'summary'.";
  if (typeof item.encrypted_content !== 'string') {
    return `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false.`;
  }
  const given = seals.textOf(item.encrypted_content);
  if (given === undefined || (id !== '' && given !== id)) {
    return `The encrypted content for item ${id} could not be verified.`;
  }
  if (next === undefined || next.type === 'function_call_output' || next.role === 'user') {
    return `Item '${id}' of type 'reasoning' was provided without its required following item.`;
  }
  return undefined;
}

function refusedContent({ role, content }: JsonObject, path: string): string | undefined {
  if (!['user', 'assistant', 'system', 'developer'].includes(textOf(role))) return `Invalid value: '${textOf(role)}'.`;
  const allowed = role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file'];
  for (const [at, entry] of listOf(content).entries()) {
    const type = textOf(objectOf(entry)?.type);
    if (!allowed.includes(type))
      return `Invalid value: '${type}'. Supported values are: ${allowed.join(', ')}. (${path}.content[${at}])`;
  }
  return undefined;
}
