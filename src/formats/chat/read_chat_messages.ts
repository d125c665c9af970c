import { z } from 'zod';
import { customArguments } from '../custom_tool.ts';
import type { Message, MessagePart } from '../generation_request.ts';
import { isObject, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { cacheOf, listed, textOrParts } from '../request_fields.ts';
import { readReasoningDetail } from './reasoning_detail.ts';

const call = z.union([
  z.looseObject({
    id: z.string(),
    type: z.literal('custom'),
    custom: z.looseObject({ name: z.string().min(1), input: z.string() }),
  }),
  z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string().min(1), arguments: z.string() }) }),
]);

export const chatMessage = z.looseObject({
  /** `function` is what `tool` was called before. */
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: textOrParts.nullish(),
  tool_calls: listed(call, 1_000).nullish(),
  tool_call_id: z.string().nullish(),
  function_call: z.looseObject({ name: z.string().min(1), arguments: z.string() }).nullish(),
});
type ChatMessage = z.output<typeof chatMessage>;

/** Members of a message that are read; all others are kept for chat. */
const READ = new Set([
  'role',
  'content',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'refusal',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
  'cache_control',
]);

/** Reads the messages of a conversation. */
export function readChatMessages(entries: readonly ChatMessage[]): Message[] {
  /** Ids of calls that have none, by the function's name: a result names the function that it answers. */
  const called = new Map<string, string>();
  return entries.map((entry, index) => {
    if (entry.role === 'function') {
      const { name, role: _, ...result } = entry;
      const tool_call_id = called.get(textOf(name)) ?? callId(index);
      return readMessage({ ...result, role: 'tool', tool_call_id }, `messages.${index}`);
    }
    if (!entry.function_call) return readMessage(entry, `messages.${index}`);
    const { function_call, ...others } = entry;
    called.set(function_call.name, callId(index));
    const tool_calls = [{ id: callId(index), function: function_call }, ...(entry.tool_calls ?? [])];
    return readMessage({ ...others, tool_calls }, `messages.${index}`);
  });
}

const callId = (index: number) => `function_${index}`;

/** @param path of the message in the body */
function readMessage(entry: ChatMessage, path: string): Message {
  const { role, content } = entry;
  if (typeof content === 'string' && content !== '' && (role === 'user' || role === 'system' || role === 'assistant')) {
    // Nearly all messages are this; the same as below, for less.
    if (Object.keys(entry).length === 2) return { role, parts: [{ type: 'text', text: content }] };
  }
  const more: JsonObject = entry.role === 'developer' ? { role: entry.role } : {};
  for (const name of Object.keys(entry)) if (!READ.has(name) && entry[name] != null) more[name] = entry[name];
  const rest = Object.keys(more).length > 0 ? { at: path, more } : {};
  const parts = [...reasoningOf(entry), ...contentOf(entry.content, `${path}.content`)];
  if (entry.role === 'tool') {
    const result = { type: 'tool_result' as const, id: entry.tool_call_id ?? '', parts, failed: false };
    return { role: 'tool', parts: [{ ...result, ...cacheOf(entry) }], ...rest };
  }
  const refusal = textOf(entry.refusal);
  if (refusal !== '') parts.push({ type: 'refusal', text: refusal });
  for (const called of entry.tool_calls ?? []) parts.push(callOf(called));
  // A mark on the whole message is one on its end.
  const last = parts.pop();
  if (last) parts.push({ ...cacheOf(entry), ...last });
  return { role: role === 'assistant' || role === 'user' ? role : 'system', parts, ...rest };
}

function callOf(called: z.output<typeof call>): MessagePart {
  const custom = objectOf(called.custom);
  if (custom) {
    return { type: 'tool_call', id: called.id, name: textOf(custom.name), json: customArguments(custom.input) };
  }
  const { name, arguments: json } = called.function as { name: string; arguments: string };
  return { type: 'tool_call', id: called.id, name, json };
}

/** What the client was given beside an answer, and gives back with it. */
function reasoningOf(entry: JsonObject): MessagePart[] {
  const details = listOf(entry.reasoning_details).filter(isObject).map(readReasoningDetail);
  // Many clients keep only the last piece of fields that they do not know; a detail has the whole text of its block.
  const hasText = details.some(({ text }) => text !== '');
  const plain = hasText ? '' : textOf(entry.reasoning_content) || textOf(entry.reasoning);
  const parts: MessagePart[] = plain === '' ? [] : [{ type: 'reasoning', text: plain }];
  for (const { text, seal } of details) {
    if (text !== '') parts.push({ type: 'reasoning', text });
    if (seal) parts.push({ type: 'reasoning_seal', seal });
  }
  return parts;
}

function contentOf(value: ChatMessage['content'], path: string): MessagePart[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
  return (value ?? []).map((part, index) => ({ ...partOf(part, `${path}.${index}`), ...cacheOf(part) }));
}

function partOf(part: JsonObject, at: string): MessagePart {
  if (part.type === 'text' && typeof part.text === 'string') return { type: 'text', text: part.text };
  if (part.type === 'refusal') return { type: 'refusal', text: textOf(part.refusal) };
  const { url, detail } = objectOf(part.image_url) ?? { url: part.image_url };
  if (part.type === 'image_url' && typeof url === 'string') {
    return { type: 'image', at, url, ...(typeof detail === 'string' ? { detail } : {}) };
  }
  const { file_data, file_id, filename } = objectOf(part.file) ?? {};
  const name = typeof filename === 'string' ? { name: filename } : {};
  if (part.type === 'file' && typeof file_data === 'string')
    return { type: 'file', at, url: dataUrl(file_data), ...name };
  if (part.type === 'file' && typeof file_id === 'string') {
    return { type: 'file', at, id: file_id, owner: 'openai', ...name };
  }
  return { type: 'opaque', format: 'chat', at, value: part };
}

/** Some clients leave out what kind of data it is. */
function dataUrl(data: string): string {
  return /^(data|https?):/.test(data) ? data : `data:application/pdf;base64,${data}`;
}
