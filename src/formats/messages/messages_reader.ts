import { countOf, type JsonObject, listOf, objectOf, parseObject, textOf } from '../json_object.ts';
import { protocolError, providerError, truncated } from '../provider_error.ts';
import { readSeal } from '../reasoning_seal.ts';
import type { FinishReason, StreamPart, StreamReader, TokenUsage } from '../stream_part.ts';
import { ToolCallIndex } from '../tool_call_index.ts';

/** What the words of messages for why an answer ended mean; any other word means `stop`. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop_sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
]);

/** Anthropic's messages: blocks with a beginning and an end. Their numbers count all kinds of blocks. */
export class MessagesReader implements StreamReader {
  readonly #calls = new ToolCallIndex();
  readonly #blocks = new Map<number, string>();
  /** Calls that have no arguments so far. */
  readonly #empty = new Set<number>();
  #counts: JsonObject = {};
  #finish: StreamPart | undefined;
  #over = false;

  read(data: string): readonly StreamPart[] {
    if (this.#over) return [];
    const event = parseObject(data);
    if (!event) return data === '[DONE]' ? [] : this.#last([protocolError('an event is no JSON object')]);
    switch (event.type) {
      case 'message_start':
        this.#count(objectOf(event.message)?.usage);
        return [];
      case 'content_block_start':
        return this.#start(countOf(event.index), objectOf(event.content_block));
      case 'content_block_delta':
        return this.#delta(countOf(event.index), objectOf(event.delta));
      case 'content_block_stop':
        return this.#stop(countOf(event.index));
      case 'message_delta': {
        this.#count(event.usage);
        const { stop_reason, stop_sequence } = objectOf(event.delta) ?? {};
        if (typeof stop_reason === 'string') this.#finish = finishOf(stop_reason, stop_sequence);
        return [];
      }
      case 'message_stop':
        return this.#last([...usageParts(this.#counts), this.#finish ?? { type: 'finish', reason: 'stop' }]);
      case 'error':
        return this.#last([providerError(event.error)]);
      default:
        return [];
    }
  }

  end(): readonly StreamPart[] {
    return this.#over ? [] : this.#last([truncated()]);
  }

  #start(index: number | undefined, block: JsonObject | undefined): readonly StreamPart[] {
    if (index === undefined || !block) return this.#last([protocolError('a block has no index or no content')]);
    const parts: StreamPart[] = [];
    this.#blocks.set(index, textOf(block.type));
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
        return delta.text ? [{ type: 'text', text: textOf(delta.text) }] : [];
      case 'thinking_delta':
        return delta.thinking ? [{ type: 'reasoning', text: textOf(delta.thinking) }] : [];
      case 'signature_delta':
        return sealOf('signature', delta.signature);
      case 'citations_delta':
        return citationOf(delta.citation);
      case 'input_json_delta': {
        const call = this.#calls.indexOf(index);
        // The arguments of what the provider runs itself are no business of the client.
        if (call === undefined || !delta.partial_json) return [];
        this.#empty.delete(index);
        return [{ type: 'tool_arguments', index: call, json: textOf(delta.partial_json) }];
      }
      default:
        return [];
    }
  }

  /** A call without arguments is one with an empty object: other formats have no word for none. */
  #stop(index: number | undefined): readonly StreamPart[] {
    const call = index === undefined ? undefined : this.#calls.indexOf(index);
    if (call === undefined || !this.#empty.delete(index as number)) return [];
    return [{ type: 'tool_arguments', index: call, json: '{}' }];
  }

  /** Counts are totals so far; those that an event leaves out stand. */
  #count(usage: unknown): void {
    for (const [name, value] of Object.entries(objectOf(usage) ?? {})) {
      if (countOf(value) !== undefined) this.#counts[name] = value;
    }
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
  parts.push(...usageParts(objectOf(answer.usage) ?? {}), finishOf(textOf(answer.stop_reason), answer.stop_sequence));
  return parts;
}

/** What a block holds when it begins; of a whole answer that is all of it. @returns what is wrong */
function readBlock(block: JsonObject, index: number, calls: ToolCallIndex, parts: StreamPart[]): string | undefined {
  switch (block.type) {
    case 'text':
      if (block.text) parts.push({ type: 'text', text: textOf(block.text) });
      for (const citation of listOf(block.citations)) parts.push(...citationOf(citation));
      return undefined;
    case 'thinking':
      if (block.thinking) parts.push({ type: 'reasoning', text: textOf(block.thinking) });
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
  return typeof data === 'string' && data !== ''
    ? [{ type: 'reasoning_seal', seal: kind === 'redacted' ? readSeal(data, kind) : { kind, data } }]
    : [];
}

/** Of the kinds of citations the one that other formats have: an address. */
function citationOf(value: unknown): StreamPart[] {
  const { url, title } = objectOf(value) ?? {};
  return typeof url === 'string' ? [{ type: 'citation', citation: { url, title: textOf(title) } }] : [];
}

function finishOf(reason: string, sequence: unknown): StreamPart {
  const known = FINISH_REASONS.get(reason) ?? 'stop';
  return typeof sequence === 'string' && known === 'stop_sequence'
    ? { type: 'finish', reason: known, sequence }
    : { type: 'finish', reason: known };
}

/** Anthropic counts cached tokens beside the input; here they are a part of it. */
function usageParts(counts: JsonObject): StreamPart[] {
  const input = countOf(counts.input_tokens);
  const output = countOf(counts.output_tokens);
  if (input === undefined && output === undefined) return [];
  const cached = countOf(counts.cache_read_input_tokens);
  const written = countOf(counts.cache_creation_input_tokens);
  const usage: TokenUsage = {
    input: (input ?? 0) + (cached ?? 0) + (written ?? 0),
    output: output ?? 0,
    ...(cached === undefined ? {} : { cachedInput: cached }),
    ...(written === undefined ? {} : { cacheWrite: written }),
  };
  return [{ type: 'usage', usage }];
}
