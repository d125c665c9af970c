import { randomUUID } from 'node:crypto';
import { type JsonObject, listOf, objectOf, textOf } from '../../../src/formats/json_object.ts';
import {
  argumentsOf,
  callsOf,
  type Frame,
  type ProviderFormat,
  type ScriptedAnswer,
  type ScriptedRefusal,
  type Seals,
} from './scripted_answer.ts';

const FIELDS = new Set(
  'cache_control container context_management diagnostics fallbacks inference_geo max_tokens mcp_servers messages metadata model output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p user_profile_id'.split(
    ' ',
  ),
);

/** Anthropic. */
export const messagesProvider: ProviderFormat = {
  refuses(body, seals) {
    for (const name of Object.keys(body)) if (!FIELDS.has(name)) return `${name}: Extra inputs are not permitted`;
    const { max_tokens, metadata, temperature, thinking, tool_choice } = body;
    if (typeof max_tokens !== 'number') return 'max_tokens: Field required';
    if (typeof temperature === 'number' && temperature > 1) return 'temperature: range: 0..1';
    for (const name of Object.keys(objectOf(metadata) ?? {})) {
      if (name !== 'user_id') return `metadata.${name}: Extra inputs are not permitted`;
    }
    if (JSON.stringify(body).split('"cache_control":{').length > 5) {
      return 'A maximum of 4 blocks with cache_control may be provided.';
    }
    const { type, budget_tokens } = objectOf(thinking) ?? {};
    if (type === 'enabled') {
      if (typeof budget_tokens !== 'number' || budget_tokens < 1024) {
        return 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024';
      }
      if (budget_tokens >= max_tokens) return '`max_tokens` must be greater than `thinking.budget_tokens`';
      const choice = objectOf(tool_choice)?.type;
      if (choice === 'any' || choice === 'tool') return 'Thinking may not be enabled when tool_choice forces tool use.';
    }
    if (thinks(body) && temperature !== undefined && temperature !== 1) {
      return '`temperature` may only be set to 1 when thinking is enabled.';
    }
    return (
      refusedTools(listOf(body.tools).map((tool) => objectOf(tool) ?? {})) ??
      refusedSystem(body.system) ??
      refusedMessages(body, seals)
    );
  },

  turn: (body) =>
    listOf(body.messages).filter((entry) => blocksOf(entry).some(({ type }) => type === 'tool_use')).length,

  frames(answer, body, seals) {
    const frames: Frame[] = [];
    const event = (type: string, data: object, piece = false) =>
      frames.push({ text: `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`, piece });
    const { output_tokens: _, ...before } = usageOf(answer) as JsonObject;
    const message = { ...headOf(body), content: [], stop_reason: null, stop_sequence: null, stop_details: null };
    event('message_start', { message: { ...message, usage: { ...before, output_tokens: 1 } } });
    event('ping', {});
    let index = -1;
    let open = false;
    const start = (content_block: object) => {
      index += 1;
      open = true;
      event('content_block_start', { index, content_block });
    };
    const stop = () => {
      if (open) event('content_block_stop', { index });
      open = false;
    };
    const delta = (of: object, piece = true) => event('content_block_delta', { index, delta: of }, piece);
    for (const step of answer.steps) {
      if ('cite' in step) {
        delta({ type: 'citations_delta', citation: citationOf(step.cite) }, false);
        continue;
      }
      stop();
      if ('think' in step && thinks(body)) {
        start({ type: 'thinking', thinking: '', signature: '' });
        for (const thinking of step.think) delta({ type: 'thinking_delta', thinking });
        if (step.seal !== undefined) delta({ type: 'signature_delta', signature: sealed(step, seals) }, false);
      } else if ('say' in step || 'refuse' in step) {
        start({ type: 'text', text: '', ...(answer.steps.some((other) => 'cite' in other) ? { citations: [] } : {}) });
        for (const text of 'say' in step ? step.say : step.refuse) delta({ type: 'text_delta', text });
      } else if ('calls' in step) {
        for (const call of step.calls) {
          stop();
          start({ type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: {} });
          delta({ type: 'input_json_delta', partial_json: '' }, false);
          for (const partial_json of call.json) delta({ type: 'input_json_delta', partial_json });
        }
      }
    }
    if (answer.end === 'cut') return frames;
    if (answer.end === 'error') {
      event('error', { error: { details: null, type: 'overloaded_error', message: 'Overloaded' } });
      return frames;
    }
    stop();
    event('message_delta', { delta: { ...endOf(answer, body), container: null }, usage: usageOf(answer) });
    event('message_stop', {});
    return frames;
  },

  whole(answer, body, seals) {
    const content: JsonObject[] = [];
    for (const step of answer.steps) {
      if ('think' in step && thinks(body)) {
        content.push({ type: 'thinking', thinking: step.think.join(''), signature: sealed(step, seals) });
      } else if ('say' in step) content.push({ type: 'text', text: step.say.join('') });
      else if ('refuse' in step) content.push({ type: 'text', text: step.refuse.join('') });
      else if ('cite' in step) (content.at(-1) as JsonObject).citations = [citationOf(step.cite)];
      else if ('calls' in step) {
        for (const call of step.calls) {
          content.push({
            type: 'tool_use',
            id: `toolu_${call.id}`,
            name: call.name,
            input: JSON.parse(argumentsOf(call)),
          });
        }
      }
    }
    return { ...headOf(body), content, ...endOf(answer, body), usage: usageOf(answer) };
  },

  errorBody({ status, message }: ScriptedRefusal): object {
    const types: Record<number, string> = {
      401: 'authentication_error',
      404: 'not_found_error',
      429: 'rate_limit_error',
      500: 'api_error',
      529: 'overloaded_error',
    };
    const error = { type: types[status] ?? 'invalid_request_error', message };
    return { type: 'error', error, request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy' };
  },
};

/** Claude Code takes answers of one id for one. */
const headOf = ({ model }: JsonObject) => ({
  id: `msg_01${randomUUID().replaceAll('-', '')}`,
  type: 'message',
  role: 'assistant',
  model,
});

function thinks({ thinking }: JsonObject): boolean {
  const { type } = objectOf(thinking) ?? {};
  return type === 'enabled' || type === 'adaptive';
}

function sealed(step: { think: readonly string[]; seal?: string }, seals: Seals): string {
  return step.seal === undefined ? '' : seals.give(`EqoB-${step.seal}==`, step.think.join(''));
}

function citationOf({ url, title }: { url: string; title: string }): object {
  return { type: 'web_search_result_location', url, title, encrypted_index: 'Eo8B', cited_text: 'It is' };
}

function endOf(answer: ScriptedAnswer, { stop_sequences }: JsonObject): object {
  const refused = answer.steps.some((step) => 'refuse' in step);
  const other = callsOf(answer).length > 0 ? 'tool_use' : 'end_turn';
  const stopped = answer.end === 'stop_sequence' && listOf(stop_sequences).length > 0;
  const reason = answer.end === 'length' ? 'max_tokens' : stopped ? 'stop_sequence' : refused ? 'refusal' : other;
  return { stop_reason: reason, stop_sequence: stopped ? listOf(stop_sequences)[0] : null, stop_details: null };
}

/** Here cached tokens are counted beside the input. */
function usageOf({ usage: { input, output, cached = 0, written = 0, reasoning } }: ScriptedAnswer): object {
  return {
    input_tokens: input - cached - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: output,
    ...(reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}

function blocksOf(entry: unknown): JsonObject[] {
  return listOf(objectOf(entry)?.content).map((block) => objectOf(block) ?? {});
}

function refusedSystem(system: unknown): string | undefined {
  if (system === undefined || typeof system === 'string') return undefined;
  if (!Array.isArray(system)) return 'system: Input should be a valid array';
  const isEmpty = system.some((block) => textOf(objectOf(block)?.text) === '');
  return isEmpty ? 'system: text content blocks must be non-empty' : undefined;
}

function refusedTools(tools: readonly JsonObject[]): string | undefined {
  for (const [at, { name, type, input_schema }] of tools.entries()) {
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(textOf(name))) return `tools.${at}.custom.name: String should match pattern`;
    if (type != null && type !== 'custom') continue;
    if (objectOf(input_schema)?.type !== 'object') return `tools.${at}.custom.input_schema.type: Field required`;
  }
  return undefined;
}

/** Roles, results of tools in their place, and thinking as it was given. */
function refusedMessages(body: JsonObject, seals: Seals): string | undefined {
  const messages = listOf(body.messages).map((entry) => objectOf(entry) ?? {});
  if (messages.length === 0) return 'messages: at least one message is required';
  if (messages[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  let open: string[] = [];
  for (const [at, { role, content }] of messages.entries()) {
    if (role !== 'user' && role !== 'assistant' && role !== 'system')
      return `messages.${at}.role: Input should be 'user' or 'assistant'`;
    if (content === '' || (Array.isArray(content) && content.length === 0 && at < messages.length - 1)) {
      return `messages.${at}: all messages must have non-empty content`;
    }
    const blocks = blocksOf(messages[at]);
    const results = blocks.filter(({ type }) => type === 'tool_result').map(({ tool_use_id }) => textOf(tool_use_id));
    const missing = open.filter((id) => !results.includes(id));
    if (missing.length > 0) {
      return `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
    }
    const unexpected = results.find((id) => !open.includes(id));
    if (unexpected !== undefined)
      return `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unexpected}.`;
    if (blocks.slice(0, results.length).some(({ type }) => type !== 'tool_result')) {
      return `messages.${at}: \`tool_result\` blocks must come first`;
    }
    for (const [index, block] of blocks.entries()) {
      const bad = refusedBlock(block, seals);
      if (bad !== undefined) return `messages.${at}.content.${index}: ${bad}`;
    }
    open = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => textOf(id));
  }
  if (open.length > 0)
    return `messages: \`tool_use\` ids were found without \`tool_result\` blocks: ${open.join(', ')}`;
  return refusedLastTurn(body, messages);
}

function refusedBlock({ type, text, thinking, signature, id, input }: JsonObject, seals: Seals): string | undefined {
  if (type === 'text' && textOf(text) === '') return 'text content blocks must be non-empty';
  if (type === 'thinking' && (typeof signature !== 'string' || seals.textOf(signature) !== thinking)) {
    return 'Invalid `signature` in `thinking` block';
  }
  if (type === 'tool_use' && !/^[a-zA-Z0-9_-]+$/.test(textOf(id))) return 'tool_use.id: String should match pattern';
  if (type === 'tool_use' && objectOf(input) === undefined) return 'tool_use.input: Input should be a valid dictionary';
  return undefined;
}

/** With a budget for thinking, the turn that goes on after results of tools has to begin with its thinking. */
function refusedLastTurn({ thinking }: JsonObject, messages: readonly JsonObject[]): string | undefined {
  if (objectOf(thinking)?.type !== 'enabled') return undefined;
  const at = messages.findLastIndex(({ role }) => role === 'assistant');
  const first = blocksOf(messages[at])[0]?.type;
  const goesOn = blocksOf(messages.at(-1)).some(({ type }) => type === 'tool_result');
  if (at < 0 || !goesOn || first === 'thinking' || first === 'redacted_thinking') return undefined;
  return `messages.${at}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${textOf(first)}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`;
}
