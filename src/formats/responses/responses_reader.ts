import { eventBegins, isPieceType, parseTypedEvent } from '../event_parser.ts';
import { countOf, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { protocolError, providerError, truncated } from '../provider_error.ts';
import { readSeal } from '../reasoning_seal.ts';
import type { StreamPart, StreamReader } from '../stream_part.ts';
import { ToolCallIndex } from '../tool_call_index.ts';
import { type ResponseEnd, responseEnd, responsesFinishOf } from './responses_end.ts';

/** How an event with text begins, and where in it the text stands. */
const TEXT_EVENT = '{"type":"response.output_text.delta",';
const DELTA = '"delta":"';

/** OpenAI's responses: items with a beginning and an end, pieces between them, and the whole once more at the end. */
export class ResponsesReader implements StreamReader {
  readonly #calls = new ToolCallIndex();
  /** Arguments of calls so far, by our number: some servers send them only whole, with the item's end. */
  readonly #arguments = new Map<number, number>();
  /** Whether the message under way came in pieces: some servers send it only whole, with the item's end. */
  #said = false;
  /** The same for its citations. */
  #cited = false;
  readonly #reasoned = new Set<number>();
  #refused = false;
  #over = false;
  /** Its end is always an event. */
  readonly complete = false;
  hasBegun = false;
  finishReason: string | undefined;

  read(data: string): readonly StreamPart[] {
    if (this.#over) return [];
    const event = parseTypedEvent(data);
    if (!event) return data === '[DONE]' ? [] : this.#last([protocolError('an event is no JSON object')]);
    this.hasBegun ||= isPieceType(event.type ?? '') || eventBegins(event);
    const index = countOf(event.output_index) ?? 0;
    switch (event.type) {
      case 'response.output_text.delta':
        this.#said = true;
        return this.#piece('text', event.delta);
      case 'response.refusal.delta':
        this.#said = true;
        this.#refused ||= event.delta !== '';
        return this.#piece('refusal', event.delta);
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        this.#reasoned.add(index);
        return this.#piece('reasoning', event.delta);
      case 'response.reasoning_summary_part.added':
        // Summaries are paragraphs.
        return this.#reasoned.has(index) ? [{ type: 'reasoning', text: '\n\n' }] : [];
      case 'response.output_text.annotation.added':
        this.#cited = true;
        return citationParts(event.annotation);
      case 'response.output_item.added':
        return this.#added(index, objectOf(event.item));
      case 'response.function_call_arguments.delta':
        return this.#argumentsOf(index, event.delta);
      case 'response.function_call_arguments.done':
        return this.#rest(index, event.arguments);
      case 'response.output_item.done':
        return this.#done(index, objectOf(event.item));
      case 'response.completed':
      case 'response.incomplete':
        return this.#end(event.response, event.type);
      case 'response.failed':
      case 'response.cancelled':
        return this.#last([providerError(objectOf(event.response)?.error)]);
      case 'error':
        return this.#last([providerError(objectOf(event.error) ?? event)]);
      default:
        return [];
    }
  }

  plainText(data: string): string | undefined {
    if (this.#over || !data.startsWith(TEXT_EVENT) || !data.endsWith('}')) return undefined;
    const key = data.indexOf(DELTA, TEXT_EVENT.length);
    const start = key + DELTA.length;
    const end = data.indexOf('"', start);
    const nested = data.indexOf('{', TEXT_EVENT.length);
    if (key < 0 || end < 0 || (nested >= 0 && nested < key) || data.indexOf(DELTA, end) >= 0) return undefined;
    const text = data.slice(start, end);
    if (text.includes('\\')) return undefined;
    this.#said = true;
    return text;
  }

  end(): readonly StreamPart[] {
    return this.#over ? [] : this.#last([truncated()]);
  }

  #end(response: unknown, type: string): readonly StreamPart[] {
    const end = responseEnd(response, type);
    if (!end) return this.#last([protocolError('the last event has no response')]);
    if (end.failed) return this.#last([providerError((response as JsonObject).error)]);
    this.finishReason = end.word;
    return this.#last(endParts(end, this.#calls.count > 0, this.#refused));
  }

  #piece(type: 'text' | 'refusal' | 'reasoning', delta: unknown): readonly StreamPart[] {
    if (typeof delta !== 'string') return this.#last([protocolError('"delta" is no text')]);
    return delta === '' ? [] : [{ type, text: delta }];
  }

  #added(index: number, item: JsonObject | undefined): readonly StreamPart[] {
    if (item?.type !== 'function_call') return [];
    const parts: StreamPart[] = [];
    const error = this.#calls.read(index, textOf(item.call_id), textOf(item.name), '', parts);
    return error ? this.#last([protocolError(error)]) : [...parts, ...this.#argumentsOf(index, textOf(item.arguments))];
  }

  #argumentsOf(index: number, json: unknown): readonly StreamPart[] {
    const call = this.#calls.indexOf(index);
    if (typeof json !== 'string') return this.#last([protocolError('arguments are no text')]);
    if (call === undefined) return this.#last([protocolError('arguments belong to no call')]);
    if (json === '') return [];
    this.#arguments.set(call, (this.#arguments.get(call) ?? 0) + json.length);
    return [{ type: 'tool_arguments', index: call, json }];
  }

  /** What the pieces left out of the whole. */
  #rest(index: number, whole: unknown): readonly StreamPart[] {
    const call = this.#calls.indexOf(index);
    return call === undefined ? [] : this.#argumentsOf(index, textOf(whole).slice(this.#arguments.get(call) ?? 0));
  }

  #done(index: number, item: JsonObject | undefined): readonly StreamPart[] {
    if (item?.type === 'reasoning') return this.#reasoned.has(index) ? sealParts(item) : reasoningParts(item);
    if (item?.type === 'message') return this.#message(item);
    if (item?.type !== 'function_call') return [];
    const added = this.#added(index, { ...item, arguments: '' });
    return this.#over ? added : [...added, ...this.#rest(index, item.arguments)];
  }

  #message(item: JsonObject): readonly StreamPart[] {
    const parts = messageParts(item).filter(({ type }) => !(type === 'citation' ? this.#cited : this.#said));
    this.#said = false;
    this.#cited = false;
    this.#refused ||= parts.some(({ type }) => type === 'refusal');
    return parts;
  }

  #last(parts: StreamPart[]): StreamPart[] {
    this.#over = true;
    return parts;
  }
}

/** @param body a whole response @returns its parts; an `error` where it is none */
export function readResponsesAnswer(body: unknown): readonly StreamPart[] {
  const answer = objectOf(body);
  const end = responseEnd(answer);
  if (end?.failed) return [providerError(answer?.error)];
  if (!answer || !Array.isArray(answer.output)) return [protocolError('the answer has no output')];
  const parts: StreamPart[] = [];
  const calls = new ToolCallIndex();
  for (const [index, entry] of answer.output.entries()) {
    const item = objectOf(entry);
    if (!item) return [protocolError('an item is no object')];
    if (item.type === 'reasoning') parts.push(...reasoningParts(item));
    else if (item.type === 'message') parts.push(...messageParts(item));
    else if (item.type === 'function_call') {
      const error = calls.read(index, textOf(item.call_id), textOf(item.name), item.arguments, parts);
      if (error) return [protocolError(error)];
    }
  }
  if (!end) return [protocolError('the answer does not say how it ended')];
  const refused = parts.some(({ type }) => type === 'refusal');
  return [...parts, ...endParts(end, calls.count > 0, refused)];
}

function messageParts(item: JsonObject): StreamPart[] {
  return listOf(item.content).flatMap((entry): StreamPart[] => {
    const part = objectOf(entry);
    if (part?.type === 'refusal')
      return textOf(part.refusal) === '' ? [] : [{ type: 'refusal', text: textOf(part.refusal) }];
    if (part?.type !== 'output_text') return [];
    const text = textOf(part.text);
    const said: StreamPart[] = text === '' ? [] : [{ type: 'text', text }];
    return [...said, ...listOf(part.annotations).flatMap(citationParts)];
  });
}

function reasoningParts(item: JsonObject): StreamPart[] {
  const said = [...listOf(item.summary), ...listOf(item.content)].map((entry) => textOf(objectOf(entry)?.text));
  const text = said.filter((part) => part !== '').join('\n\n');
  return [...(text === '' ? [] : [{ type: 'reasoning' as const, text }]), ...sealParts(item)];
}

function sealParts({ id, encrypted_content }: JsonObject): StreamPart[] {
  if (typeof encrypted_content !== 'string' || encrypted_content === '') return [];
  const seal = readSeal(encrypted_content, 'encrypted');
  // Of another provider's seal the item's id says nothing.
  const named = seal.kind === 'encrypted' && typeof id === 'string' && seal.id === undefined ? { id } : {};
  return [{ type: 'reasoning_seal', seal: { ...seal, ...named } }];
}

function citationParts(annotation: unknown): StreamPart[] {
  const { url, title, start_index, end_index } = objectOf(annotation) ?? {};
  if (typeof url !== 'string') return [];
  const [start, end] = [countOf(start_index), countOf(end_index)];
  const places = start === undefined || end === undefined ? {} : { start, end };
  return [{ type: 'citation', citation: { url, title: textOf(title), ...places } }];
}

/** @param refused OpenAI's models stop by themselves after they have refused in words */
function endParts({ word, incomplete, usage }: ResponseEnd, called: boolean, refused: boolean): StreamPart[] {
  const known = responsesFinishOf(word);
  const finish: StreamPart = { type: 'finish', reason: incomplete && known === 'other' ? 'length' : known };
  if (!incomplete) finish.reason = called ? 'tool_calls' : refused ? 'refusal' : 'stop';
  return usage ? [{ type: 'usage', usage }, finish] : [finish];
}
