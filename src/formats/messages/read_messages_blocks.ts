import { argumentsJson } from '../custom_tool.ts';
import type { Message, MessagePart } from '../generation_request.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { readSeal } from '../reasoning_seal.ts';
import { cacheOf } from '../request_fields.ts';

/** Results of tools stand in the user's message there, before what the user says. */
export function readMessagesTurn(role: Message['role'], content: unknown, path: string): Message[] {
  const parts = readMessagesContent(content, path);
  const results = parts.filter(({ type }) => type === 'tool_result');
  if (results.length === 0) return [{ role, parts }];
  const others = parts.filter(({ type }) => type !== 'tool_result');
  const said: Message[] = others.length > 0 ? [{ role, parts: others }] : [];
  return [{ role: 'tool', parts: results }, ...said];
}

export function readMessagesContent(content: unknown, path: string): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return listOf(content).flatMap((entry, index) => {
    const block = objectOf(entry) ?? { value: entry };
    const at = `${path}.${index}`;
    const parts = blockParts(block, at) ?? [{ type: 'opaque' as const, format: 'messages' as const, at, value: block }];
    return parts.map((part) => ({ ...part, ...cacheOf(block) }));
  });
}

/** @returns undefined for a block that other formats have not */
function blockParts(block: JsonObject, at: string): MessagePart[] | undefined {
  switch (block.type) {
    case 'text':
      return typeof block.text === 'string' ? [{ type: 'text', text: block.text }] : undefined;
    case 'image': {
      const place = placeOf(block.source);
      return place && [{ type: 'image', at, ...place }];
    }
    case 'document':
      return documentOf(block, at);
    case 'search_result': {
      const said = textOfBlocks(block.content);
      const name = [textOf(block.title), textOf(block.source)].filter((text) => text !== '').join(', ');
      return said === undefined ? undefined : [{ type: 'file', at, text: said, ...(name === '' ? {} : { name }) }];
    }
    case 'thinking': {
      const reasoning: MessagePart = { type: 'reasoning', text: textOf(block.thinking) };
      const signature = textOf(block.signature);
      return signature === ''
        ? [reasoning]
        : [reasoning, { type: 'reasoning_seal', seal: readSeal(signature, 'signature') }];
    }
    case 'redacted_thinking':
      return [{ type: 'reasoning_seal', seal: readSeal(textOf(block.data), 'redacted') }];
    case 'tool_use': {
      const { id, name, input } = block;
      return [{ type: 'tool_call', id: textOf(id), name: textOf(name), json: argumentsJson(input) }];
    }
    case 'tool_result': {
      const parts = readMessagesContent(block.content, `${at}.content`);
      return [{ type: 'tool_result', id: textOf(block.tool_use_id), parts, failed: block.is_error === true }];
    }
    // The provider would add the tool that was found; here all tools are given from the start.
    case 'tool_reference':
      return [{ type: 'text', text: `The tool ${textOf(block.tool_name)} can be used.` }];
    default:
      return undefined;
  }
}

/** @returns undefined for one whose meaning lies in more than what it holds */
function documentOf(block: JsonObject, at: string): MessagePart[] | undefined {
  if (objectOf(block.citations)?.enabled === true) return undefined;
  const source = objectOf(block.source) ?? {};
  const title = textOf(block.title);
  const name = title === '' ? {} : { name: title };
  const context = textOf(block.context);
  const before: MessagePart[] = context === '' ? [] : [{ type: 'text', text: context }];
  const text =
    source.type === 'text' ? textOf(source.data) : source.type === 'content' ? textOfBlocks(source.content) : undefined;
  if (text !== undefined) return [...before, { type: 'file', at, text, ...name }];
  const place = placeOf(source);
  return place && [...before, { type: 'file', at, ...place, ...name }];
}

/** @returns undefined where it is not all text */
function textOfBlocks(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  const texts = listOf(content).map((entry) => objectOf(entry)?.text);
  return texts.every((text) => typeof text === 'string') ? texts.join('\n') : undefined;
}

function placeOf(value: unknown): { url: string } | { id: string; owner: 'anthropic' } | undefined {
  const { type, media_type, data, url, file_id } = objectOf(value) ?? {};
  if (type === 'url' && typeof url === 'string') return { url };
  if (type === 'base64' && typeof data === 'string') return { url: `data:${textOf(media_type)};base64,${data}` };
  return type === 'file' && typeof file_id === 'string' ? { id: file_id, owner: 'anthropic' } : undefined;
}
