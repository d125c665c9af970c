import { customArguments } from '../custom_tool.ts';
import type { Message, MessagePart } from '../generation_request.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { readSeal } from '../reasoning_seal.ts';
import { flatToolName, LOCAL_SHELL } from './responses_tools.ts';

/** Records of what the provider's own tools did; the answer after them holds what came of it. */
const RECORDS = new Set(['web_search_call', 'file_search_call', 'code_interpreter_call', 'tool_search_call']);

/** Fields that other formats refuse, and those that they leave out, by their paths. */
export interface UnreadItems {
  unread: string[];
  ignored: string[];
}

/** Items that the model said one after the other are one message; so are results that follow each other. */
export function readResponsesItems(items: readonly JsonObject[], lost: UnreadItems): Message[] {
  const messages: { role: Message['role']; parts: MessagePart[] }[] = [];
  for (const [index, entry] of items.entries()) {
    const at = `input.${index}`;
    const message = readItem(entry, at);
    if (!message) {
      (RECORDS.has(textOf(entry.type)) ? lost.ignored : lost.unread).push(at);
      continue;
    }
    const last = messages.at(-1);
    const joins = last?.role === message.role && (message.role === 'assistant' || message.role === 'tool');
    if (joins) for (const part of message.parts) last.parts.push(part);
    else messages.push({ role: message.role, parts: [...message.parts] });
  }
  return messages;
}

/** @returns undefined for an item that has no place in a conversation of other formats */
function readItem(entry: JsonObject, at: string): Message | undefined {
  const id = textOf(entry.call_id);
  switch (entry.type ?? 'message') {
    case 'message': {
      const role = entry.role === 'developer' ? 'system' : entry.role;
      if (role !== 'system' && role !== 'user' && role !== 'assistant') return undefined;
      return { role, parts: contentOf(entry.content, `${at}.content`) };
    }
    case 'function_call':
      return callOf(id, flatToolName(entry.namespace, textOf(entry.name)), textOf(entry.arguments));
    case 'custom_tool_call':
      return callOf(id, flatToolName(entry.namespace, textOf(entry.name)), customArguments(entry.input));
    case 'local_shell_call':
      return callOf(id, LOCAL_SHELL, shellArguments(objectOf(entry.action) ?? {}));
    case 'function_call_output':
    case 'custom_tool_call_output':
      return resultOf(id, contentOf(entry.output, `${at}.output`));
    case 'local_shell_call_output':
      return resultOf(id || textOf(entry.id), contentOf(entry.output, `${at}.output`));
    case 'reasoning':
      return { role: 'assistant', parts: reasoningOf(entry) };
    default:
      return undefined;
  }
}

function callOf(id: string, name: string, json: string): Message {
  return { role: 'assistant', parts: [{ type: 'tool_call', id, name, json }] };
}

function resultOf(id: string, parts: MessagePart[]): Message {
  return { role: 'tool', parts: [{ type: 'tool_result', id, parts, failed: false }] };
}

function shellArguments({ command, working_directory, timeout_ms }: JsonObject): string {
  return JSON.stringify({
    command,
    ...(working_directory == null ? {} : { workdir: working_directory }),
    ...(timeout_ms == null ? {} : { timeout_ms }),
  });
}

function reasoningOf({ id, summary, content, encrypted_content }: JsonObject): MessagePart[] {
  const said = [...listOf(summary), ...listOf(content)].map((part) => textOf(objectOf(part)?.text)).filter(Boolean);
  const parts: MessagePart[] = said.length === 0 ? [] : [{ type: 'reasoning', text: said.join('\n\n') }];
  if (typeof encrypted_content !== 'string' || encrypted_content === '') return parts;
  const seal = readSeal(encrypted_content, 'encrypted');
  const isOwn = seal.kind === 'encrypted' && seal.id === undefined && seal.provider === undefined;
  const named = isOwn && typeof id === 'string' ? { id } : {};
  return [...parts, { type: 'reasoning_seal', seal: { ...seal, ...named } }];
}

function contentOf(content: unknown, path: string): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return listOf(content).map((entry, index) => partOf(objectOf(entry) ?? {}, `${path}.${index}`));
}

function partOf(part: JsonObject, at: string): MessagePart {
  const opaque: MessagePart = { type: 'opaque', format: 'responses', at, value: part };
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return typeof part.text === 'string' ? { type: 'text', text: part.text } : opaque;
    case 'refusal':
      return { type: 'refusal', text: textOf(part.refusal) };
    case 'input_image': {
      const { image_url: url, file_id: id } = part;
      const detail = typeof part.detail === 'string' ? { detail: part.detail } : {};
      if (typeof url === 'string') return { type: 'image', at, url, ...detail };
      return typeof id === 'string' ? { type: 'image', at, id, owner: 'openai', ...detail } : opaque;
    }
    case 'input_file': {
      const { file_data, file_url, file_id: id } = part;
      const url = textOf(file_data) || textOf(file_url);
      const name = typeof part.filename === 'string' ? { name: part.filename } : {};
      if (url !== '') return { type: 'file', at, url, ...name };
      return typeof id === 'string' ? { type: 'file', at, id, owner: 'openai', ...name } : opaque;
    }
    default:
      return opaque;
  }
}
