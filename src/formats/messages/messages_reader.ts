import { eventBegins, isPieceType, parseTypedEvent } from '../event_parser.ts';
import { countOf, isObject, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { protocolError, providerError, truncated } from '../provider_error.ts';
import { readSeal } from '../reasoning_seal.ts';
import type { StreamPart, StreamReader, TokenUsage } from '../stream_part.ts';
import { ToolCallIndex } from '../tool_call_index.ts';
import { messagesFinishOf, messagesUsageOf } from './messages_end.ts';

/** How Anthropic writes an event with text: before and after the number of its block. */
const TEXT_DELTA = ['{"type":"content_block_delta","index":', ',"delta":{"type":"text_delta","text":"'] as const;

/** Anthropic fills its events up with spaces. */
const TEXT_END = /^"\} *\}$/;

/** Anthropic's messages: blocks with a beginning and an end. Their numbers count all kinds of blocks. */
export class MessagesReader implements StreamReader {
  readonly #calls = new ToolCallIndex();
  readonly #blocks = new Set<number>();
  /** Calls that have no arguments so far. */
  readonly #empty = new Set<number>();
  #usage: TokenUsage | undefined;
  #sequence: unknown;
  #over = false;
  /** How an event with text of the block that began last begins; undefined where that is no block of text. */
  #plainHead: string | undefined;
  /** Its end is always an event. */
  readonly complete = false;
  hasBegun = false;
  finishReason: string | undefined;

  read(data: string): readonly StreamPart[] {
    if (this.#over) return [];
    const event = parseTypedEvent(data);
    if (!event) return data === '[DONE]' ? [] : this.#last([protocolError('an event is no JSON object')]);
    this.hasBegun ||= isPieceType(event.type ?? '') || eventBegins(event);
    switch (event.type) {
      case 'message_start':
        if (!isObject(event.message)) return this.#last([protocolError('"message" is no object')]);
        this.#count(event.message.usage);
        return [];
      case 'content_block_start':
        return this.#start(countOf(event.index), objectOf(event.content_block));
      case 'content_block_delta':
        return this.#delta(countOf(event.index), objectOf(event.delta));
      case 'content_block_stop':
        return this.#stop(countOf(event.index));
      case 'message_delta':
        return this.#ending(event);
      case 'message_stop':
        return this.#last(endParts(this.#usage, { stop_reason: this.finishReason, stop_sequence: this.#sequence }));
      case 'error':
        return this.#last([providerError(event.error)]);
      default:
        return [];
    }
  }

  plainText(data: string): string | undefined {
    const head = this.#plainHead;
    if (head === undefined || this.#over || !data.startsWith(head)) return undefined;
    const end = data.indexOf('"', head.length);
    if (end < 0 || !TEXT_END.test(data.slice(end))) return undefined;
    const text = data.slice(head.length, end);
    return text.includes('\\') ? undefined : text;
  }

  end(): readonly StreamPart[] {
    return this.#over ? [] : this.#last([truncated()]);
  }

  #start(index: number | undefined, block: JsonObject | undefined): readonly StreamPart[] {
    if (index === undefined || !block) return this.#last([protocolError('a block has no index or no content')]);
    const parts: StreamPart[] = [];
    this.#blocks.add(index);
    this.#plainHead = block.type === 'text' ? `${TEXT_DELTA[0]}${index}${TEXT_DELTA[1]}` : undefined;
    const error = readBlock(block, index, this.#calls, parts);
    if (error) return this.#last([protocolError(error)]);
    if (block.type === 'tool_use' && parts.length === 1) this.#empty.add(index);
    return parts;
  }

  #delta(index: number | undefined, delta: JsonObject | undefined): readonly StreamPart[] {
    if (index === undefined || !delta || !this.#blocks.has(index)) {
      return this.#last([protocolError('a piece belongs to no block')]);
    }
    switch (delta.type) {
      case 'text_delta':
        return this.#piece('text', delta.text);
      case 'thinking_delta':
        return this.#piece('reasoning', delta.thinking);
      case 'signature_delta':
        return sealOf('signature', delta.signature);
      case 'citations_delta':
        return citationOf(delta.citation);
      case 'input_json_delta': {
        const call = this.#calls.indexOf(index);
        // The arguments of what the provider runs itself are no business of the client.
        const json = textOf(delta.partial_json);
        if (call === undefined || json === '') return [];
        this.#empty.delete(index);
        return [{ type: 'tool_arguments', index: call, json }];
      }
      default:
        return [];
    }
  }

  #piece(type: 'text' | 'reasoning', text: unknown): readonly StreamPart[] {
    if (typeof text !== 'string') return this.#last([protocolError('a piece is no text')]);
    return text === '' ? [] : [{ type, text }];
  }

  /** A call without arguments is one with an empty object: other formats have no word for none. */
  #stop(index: number | undefined): readonly StreamPart[] {
    const call = index === undefined ? undefined : this.#calls.indexOf(index);
    if (call === undefined || !this.#empty.delete(index as number)) return [];
    return [{ type: 'tool_arguments', index: call, json: '{}' }];
  }

  #ending({ delta = {}, usage }: JsonObject): readonly StreamPart[] {
    this.#count(usage);
    if (!isObject(delta)) return this.#last([protocolError('"delta" is no object')]);
    const reason = delta.stop_reason ?? this.finishReason;
    if (reason !== undefined && typeof reason !== 'string')
      return this.#last([protocolError('the stop reason is no text')]);
    this.finishReason = reason;
    this.#sequence = delta.stop_sequence ?? this.#sequence;
    return refusalOf(delta);
  }

  #count(usage: unknown): void {
    if (usage !== undefined && usage !== null) this.#usage = messagesUsageOf(usage, this.#usage);
  }

  #last(parts: StreamPart[]): StreamPart[] {
    this.#over = true;
    return parts;
  }
}

/** @param body a whole message @returns its parts; an `error` where it is none */
export function readMessagesAnswer(body: unknown): readonly StreamPart[] {
  const answer = objectOf(body);
  if (answer?.type === 'error') return [providerError(answer.error)];
  if (!answer || !Array.isArray(answer.content)) return [protocolError('the answer has no content')];
  const parts: StreamPart[] = [];
  const calls = new ToolCallIndex();
  for (const [index, entry] of answer.content.entries()) {
    const block = objectOf(entry);
    const error = block ? readBlock(block, index, calls, parts) : 'a block is no object';
    if (error) return [protocolError(error)];
    const last = parts.at(-1);
    if (last?.type === 'tool_call') parts.push({ type: 'tool_arguments', index: last.index, json: '{}' });
  }
  return [...parts, ...refusalOf(answer), ...endParts(messagesUsageOf(answer.usage), answer)];
}

/** What a block holds when it begins; of a whole answer that is all of it. @returns what is wrong */
function readBlock(block: JsonObject, index: number, calls: ToolCallIndex, parts: StreamPart[]): string | undefined {
  switch (block.type) {
    case 'text':
      if (textOf(block.text) !== '') parts.push({ type: 'text', text: textOf(block.text) });
      for (const citation of listOf(block.citations)) parts.push(...citationOf(citation));
      return undefined;
    case 'thinking':
      if (textOf(block.thinking) !== '') parts.push({ type: 'reasoning', text: textOf(block.thinking) });
      parts.push(...sealOf('signature', block.signature));
      return undefined;
    case 'redacted_thinking':
      parts.push(...sealOf('redacted', block.data));
      return undefined;
    case 'tool_use': {
      const input = objectOf(block.input);
      const hasInput = input !== undefined && Object.keys(input).length > 0;
      return calls.read(index, textOf(block.id), textOf(block.name), hasInput ? input : '', parts);
    }
    default:
      return undefined;
  }
}

function sealOf(kind: 'signature' | 'redacted', data: unknown): StreamPart[] {
  return typeof data === 'string' && data !== '' ? [{ type: 'reasoning_seal', seal: readSeal(data, kind) }] : [];
}

/** Of the kinds of citations the one that other formats have: an address. */
function citationOf(value: unknown): StreamPart[] {
  const { url, title } = objectOf(value) ?? {};
  return typeof url === 'string' ? [{ type: 'citation', citation: { url, title: textOf(title) } }] : [];
}

/** Why it was refused, where Anthropic says that: in words of its own, which no model wrote. */
function refusalOf({ stop_reason, stop_details }: JsonObject): StreamPart[] {
  const text = stop_reason === 'refusal' ? textOf(objectOf(stop_details)?.explanation) : '';
  return text === '' ? [] : [{ type: 'refusal', text }];
}

function endParts(usage: TokenUsage | undefined, { stop_reason, stop_sequence }: JsonObject): StreamPart[] {
  const reason = messagesFinishOf(stop_reason);
  const sequence = reason === 'stop_sequence' && typeof stop_sequence === 'string' ? { sequence: stop_sequence } : {};
  const finish: StreamPart = { type: 'finish', reason, ...sequence };
  return usage ? [{ type: 'usage', usage }, finish] : [finish];
}
