import type { Message, MessagePart } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { type ReasoningBlock, type WholePart, wholeParts, withoutLastReasoning } from '../reasoning_blocks.ts';
import { given } from '../request_fields.ts';
import type { RequestLosses } from '../request_losses.ts';
import { fileText, resultParts } from '../request_text.ts';

/** What is said is an item; so is each call, each result, and reasoning that the provider can read. There is at least one. */
export function writeResponsesItems(messages: readonly Message[], losses: RequestLosses): JsonObject[] {
  const items = messages.flatMap((message) => {
    losses.loseMembers(message);
    return itemsOf(message, losses);
  });
  return items.length > 0 ? items : [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: '.' }] }];
}

function itemsOf({ role, parts }: Message, losses: RequestLosses): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const close = () => {
    if (content.length > 0) items.push({ type: 'message', role, content });
    content = [];
  };
  for (const part of withoutLastReasoning(readable(wholeParts(parts)))) {
    if (part.type === 'reasoning_block') {
      close();
      items.push(reasoningItem(part));
    } else if (part.type === 'tool_call') {
      close();
      const json = part.json.trim() === '' ? '{}' : part.json;
      items.push({ type: 'function_call', call_id: part.id, name: part.name, arguments: json });
    } else if (part.type === 'tool_result') {
      if (part.cache) losses.dropField('cache_control');
      const output = outputOf(resultParts(part.parts, part.failed), losses);
      items.push({ type: 'function_call_output', call_id: part.id, output });
    } else {
      const written = pieceOf(part, role, losses);
      if (written) content.push(written);
    }
  }
  close();
  return items;
}

/** Reasoning that this provider did not seal is of no use to it. */
function readable(parts: readonly WholePart[]): readonly WholePart[] {
  return parts.filter((part) => part.type !== 'reasoning_block' || part.seal?.kind === 'encrypted');
}

function reasoningItem({ text, seal }: ReasoningBlock): JsonObject {
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  return { type: 'reasoning', ...given({ id: seal?.id }), summary, encrypted_content: seal?.data };
}

function outputOf(parts: readonly MessagePart[], losses: RequestLosses): string | JsonObject[] {
  const content = parts.flatMap((part): JsonObject[] => {
    const written = pieceOf(part, 'user', losses);
    return written ? [written] : [];
  });
  const [first] = content;
  if (content.length === 1 && first?.type === 'input_text') return first.text as string;
  return content.length === 0 ? '' : content;
}

function pieceOf(part: MessagePart, role: Message['role'], losses: RequestLosses): JsonObject | undefined {
  if (part.cache) losses.dropField('cache_control');
  const textType = role === 'assistant' ? 'output_text' : 'input_text';
  switch (part.type) {
    case 'text':
      return { type: textType, text: part.text };
    case 'refusal':
      return role === 'assistant' ? { type: 'refusal', refusal: part.text } : { type: textType, text: part.text };
    case 'image': {
      const { url, id, owner, detail } = part;
      if (id === undefined || owner === 'openai') {
        return given({ type: 'input_image', image_url: url, file_id: id, detail });
      }
      losses.refuse(part.at, 'this provider does not know the file; send its data or address');
      return undefined;
    }
    case 'file':
      return part.text === undefined ? fileOf(part, losses) : { type: textType, text: fileText(part) };
    case 'opaque':
      if (part.format === 'responses') return part.value;
      losses.refuse(part.at, 'this provider has no such part; leave it out');
      return undefined;
    default:
      return undefined;
  }
}

function fileOf({ at, url, id, owner, name }: MessagePart & { type: 'file' }, losses: RequestLosses) {
  if (id !== undefined && owner !== 'openai') {
    losses.refuse(at, 'this provider does not know the file; send its data or address');
    return undefined;
  }
  const isData = url?.startsWith('data:') === true;
  return given({
    type: 'input_file',
    file_data: isData ? url : undefined,
    file_url: isData ? undefined : url,
    file_id: id,
    filename: name ?? (isData ? 'file.pdf' : undefined),
  });
}
