import { argumentsObject } from '../custom_tool.ts';
import type { Message, MessagePart } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { type WholePart, wholeParts, withoutLastReasoning } from '../reasoning_blocks.ts';
import { given } from '../request_fields.ts';
import type { RequestLosses } from '../request_losses.ts';

export interface Turn {
  role: 'user' | 'assistant';
  content: JsonObject[];
}

/** What stands for a user who has said nothing: a conversation begins with the user, and no turn is empty. */
const SILENCE: JsonObject = { type: 'text', text: '.' };

/**
 * Turns alternate, and the first is the user's: what one side says in several messages is one turn. Results of tools
 * come first in theirs.
 * @param messages without those of the system
 * @param prefills whether the last may be the assistant's
 */
export function writeMessagesTurns(messages: readonly Message[], prefills: boolean, losses: RequestLosses): Turn[] {
  const turns: Turn[] = [];
  for (const { role, parts } of messages) {
    const side = role === 'assistant' ? 'assistant' : 'user';
    const content = writeMessagesBlocks(parts, losses);
    const last = turns.at(-1);
    if (last?.role === side) for (const block of content) last.content.push(block);
    else if (content.length > 0) turns.push({ role: side, content });
  }
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [{ ...SILENCE }] });
  for (const turn of turns) {
    if (turn.role === 'user') turn.content = resultsFirst(turn.content);
  }
  trimEnd(turns.at(-1));
  if (!prefills && turns.at(-1)?.role === 'assistant') turns.push({ role: 'user', content: [{ ...SILENCE }] });
  return turns;
}

function resultsFirst(content: readonly JsonObject[]): JsonObject[] {
  const results = content.filter(({ type }) => type === 'tool_result');
  return results.length === 0 ? [...content] : [...results, ...content.filter(({ type }) => type !== 'tool_result')];
}

/** A last turn of the assistant is to be gone on with, and may not end in white space. */
function trimEnd(turn: Turn | undefined): void {
  const block = turn?.role === 'assistant' ? turn.content.at(-1) : undefined;
  if (block?.type === 'text') block.text = (block.text as string).trimEnd();
}

export function writeMessagesBlocks(parts: readonly MessagePart[], losses: RequestLosses): JsonObject[] {
  return withoutLastReasoning(readable(wholeParts(parts))).flatMap((part) => {
    const block = blockOf(part, losses);
    const cache = part.type === 'reasoning_block' || part.cache === undefined ? {} : { cache_control: part.cache };
    return block ? [{ ...block, ...cache }] : [];
  });
}

/** Anthropic refuses reasoning that it did not seal, and text without a word. */
function readable(parts: readonly WholePart[]): readonly WholePart[] {
  return parts.filter((part) => {
    if (part.type === 'text' || part.type === 'refusal') return part.text.trim() !== '';
    return part.type !== 'reasoning_block' || part.seal?.kind === 'signature' || part.seal?.kind === 'redacted';
  });
}

/** @returns undefined for what can't be written */
function blockOf(part: WholePart, losses: RequestLosses): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: part.text };
    case 'reasoning_block': {
      const { kind, data } = part.seal as NonNullable<typeof part.seal>;
      if (kind === 'redacted') return { type: 'redacted_thinking', data };
      return { type: 'thinking', thinking: part.text, signature: data };
    }
    case 'image': {
      if (part.detail !== undefined && part.detail !== 'auto') losses.dropField(`${part.at}.detail`);
      const source = sourceOf(part, losses);
      return source && { type: 'image', source };
    }
    case 'file': {
      const source = sourceOf(part, losses);
      return source && given({ type: 'document', source, title: part.name });
    }
    case 'tool_call':
      return { type: 'tool_use', id: toolId(part.id), name: part.name, input: argumentsObject(part.json) };
    case 'tool_result': {
      const content = writeMessagesBlocks(part.parts, losses);
      return given({
        type: 'tool_result',
        tool_use_id: toolId(part.id),
        content: content.length > 0 ? content : undefined,
        is_error: part.failed ? true : undefined,
      });
    }
    case 'opaque':
      if (part.format === 'messages') return part.value;
      losses.refuse(part.at, 'this provider has no such part; leave it out');
      return undefined;
  }
}

/** Ids of calls hold few kinds of characters there. A call and its result change in the same way. */
function toolId(id: string): string {
  return id.replace(/[^\w-]/g, '_') || 'call';
}

const DATA = /^data:([^;,]*)(?:;[^;,]*)*;base64,(.*)$/s;

function sourceOf(part: MessagePart & { type: 'image' | 'file' }, losses: RequestLosses): JsonObject | undefined {
  const { at, url, id, owner } = part;
  if (part.type === 'file' && part.text !== undefined)
    return { type: 'text', media_type: 'text/plain', data: part.text };
  if (id !== undefined && owner === 'anthropic') return { type: 'file', file_id: id };
  if (url?.startsWith('http')) return { type: 'url', url };
  const [, type = '', data] = DATA.exec(url ?? '') ?? [];
  if (data === undefined) {
    losses.refuse(at, 'this provider does not know the file; send its data or address');
    return undefined;
  }
  if (part.type === 'image' || type === 'application/pdf') return { type: 'base64', media_type: type, data };
  if (type.startsWith('text/')) return { type: 'text', media_type: 'text/plain', data: decoded(data) };
  losses.refuse(at, 'this provider reads PDF and plain text only; send one of them');
  return undefined;
}

function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
  } catch {
    return '';
  }
}
