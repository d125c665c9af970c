import { type JsonObject, objectOf, parseObject } from '../json_object.ts';
import { type OpenCall, OpenCalls } from '../open_calls.ts';
import { sealText } from '../reasoning_seal.ts';
import type { Citation, FinishReason, ReasoningSeal, StreamPart, StreamWriter, TokenUsage } from '../stream_part.ts';
import { anthropicError } from './anthropic_error.ts';
import { messagesStopReason, messagesUsage } from './messages_end.ts';

export interface MessagesHead {
  id: string;
  model: string;
}

interface OpenBlock extends OpenCall {
  index: number;
}

/**
 * Writes one of Anthropic's messages. A block ends where another kind of part begins. The block of a tool call stays
 * open until its arguments are whole: those of several calls may come in turns, and with text between.
 */
export class MessagesWriter implements StreamWriter {
  readonly #head: MessagesHead;
  #open: { kind: 'text' | 'thinking'; index: number } | undefined;
  readonly #calls = new OpenCalls<OpenBlock>();
  #blocks = 0;
  #hasFinished = false;
  #usage: TokenUsage = { input: 0, output: 0 };

  constructor(head: MessagesHead) {
    this.#head = head;
  }

  /** Goes on with a message that another writer, or Anthropic, began. @param events the data of each event so far */
  static after(events: readonly string[], head: MessagesHead): MessagesWriter {
    const writer = new MessagesWriter(head);
    for (const data of events) writer.#follow(parseObject(data) ?? {});
    return writer;
  }

  /** No tool call is under way: nothing goes on inside of one. */
  #follow({ type, index, content_block }: JsonObject): void {
    if (type === 'message_delta') this.#hasFinished = true;
    if (typeof index !== 'number') return;
    if (type === 'content_block_start') {
      this.#blocks = Math.max(this.#blocks, index + 1);
      const kind = objectOf(content_block)?.type;
      if (kind === 'text' || kind === 'thinking') this.#open = { kind, index };
    } else if (type === 'content_block_stop' && this.#open?.index === index) this.#open = undefined;
  }

  /** The counts are known only at the end: `message_delta` says all of them. */
  begin(): string {
    const usage = messagesUsage({ input: 0, output: 0 });
    return event({ type: 'message_start', message: { ...emptyMessage(this.#head), usage } });
  }

  write(part: StreamPart): string {
    switch (part.type) {
      // There is no block for a refusal: it is text, and the stop reason says what it is.
      case 'text':
      case 'refusal':
        return this.#block('text') + this.#delta(`{"type":"text_delta","text":${JSON.stringify(part.text)}}`);
      case 'citation':
        return (
          this.#block('text') +
          this.#delta(JSON.stringify({ type: 'citations_delta', citation: citationOf(part.citation) }))
        );
      case 'reasoning':
        return (
          this.#block('thinking') + this.#delta(`{"type":"thinking_delta","thinking":${JSON.stringify(part.text)}}`)
        );
      case 'reasoning_seal':
        return this.#seal(part.seal);
      case 'tool_call':
        return this.#call(part.index, part.id, part.name);
      case 'tool_arguments': {
        const { index } = this.#calls.argue(part.index, part.json);
        return this.#delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(part.json)}}`, index);
      }
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'finish':
        return this.#end(part.reason, part.sequence);
      case 'error':
        return event({ ...anthropicError(part.error) });
    }
  }

  #block(kind: 'text' | 'thinking'): string {
    if (this.#open?.kind === kind) return '';
    const close = this.#close();
    this.#open = { kind, index: this.#blocks };
    const block = kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' };
    return close + this.#start(block);
  }

  #seal(seal: ReasoningSeal): string {
    if (isSignature(seal, this.#open?.kind === 'thinking')) {
      const opened = this.#block('thinking');
      const signature = sealText(seal, 'signature');
      return opened + this.#delta(JSON.stringify({ type: 'signature_delta', signature })) + this.#close();
    }
    // What seals no text that was said has a block of its own, as Anthropic's own redacted thinking has.
    const close = this.#close();
    const start = this.#start({ type: 'redacted_thinking', data: sealText(seal, 'redacted') });
    return close + start + stop(this.#blocks - 1);
  }

  #call(index: number, id: string, name: string): string {
    const close = this.#close();
    this.#calls.begin(index, { index: this.#blocks, json: '' });
    return close + this.#start({ type: 'tool_use', id, name, input: {} });
  }

  #start(block: object): string {
    const index = this.#blocks;
    this.#blocks += 1;
    return event({ type: 'content_block_start', index, content_block: block });
  }

  /** @param delta JSON */
  #delta(delta: string, index = (this.#open as { index: number }).index): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":${delta}}\n\n`;
  }

  /** Another block begins. */
  #close(): string {
    let stops = '';
    if (this.#open !== undefined) stops = stop(this.#open.index);
    this.#open = undefined;
    for (const { index } of this.#calls.takeWhole()) stops += stop(index);
    return stops;
  }

  #end(reason: FinishReason, sequence: string | undefined): string {
    if (this.#hasFinished) return event({ type: 'message_stop' });
    const delta = { stop_reason: messagesStopReason(reason), stop_sequence: sequence ?? null };
    const usage = messagesUsage(this.#usage);
    let stops = this.#close();
    for (const { index } of this.#calls.takeAll()) stops += stop(index);
    return stops + event({ type: 'message_delta', delta, usage }) + event({ type: 'message_stop' });
  }
}

/**
 * Whether a seal stands in a thinking block as its signature. One of another provider does, too, where its text is there:
 * some clients do not give back thinking that has no signature.
 */
function isSignature({ kind }: ReasoningSeal, isThinking: boolean): boolean {
  return kind === 'signature' || (kind !== 'redacted' && isThinking);
}

/** @param parts of a whole answer, without an error @returns the body of a message that is not streamed */
export function messagesAnswer(head: MessagesHead, parts: readonly StreamPart[]): object {
  const content: Record<string, unknown>[] = [];
  const calls = new Map<number, { block: Record<string, unknown>; json: string }>();
  let usage: TokenUsage = { input: 0, output: 0 };
  let end: StreamPart & { type: 'finish' } = { type: 'finish', reason: 'stop' };
  const last = (type: string, empty: Record<string, unknown>) => {
    const block = content.at(-1);
    if (block?.type === type && !(type === 'thinking' && block.signature !== '')) return block;
    content.push({ type, ...empty });
    return content.at(-1) as Record<string, unknown>;
  };
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') {
      const block = last('text', { text: '' });
      block.text += part.text;
    } else if (part.type === 'citation') {
      const block = last('text', { text: '' });
      block.citations ??= [];
      (block.citations as object[]).push(citationOf(part.citation));
    } else if (part.type === 'reasoning') {
      const block = last('thinking', { thinking: '', signature: '' });
      block.thinking += part.text;
    } else if (part.type === 'reasoning_seal') {
      const open = content.at(-1);
      if (isSignature(part.seal, open?.type === 'thinking' && open.signature === '')) {
        last('thinking', { thinking: '', signature: '' }).signature = sealText(part.seal, 'signature');
      } else content.push({ type: 'redacted_thinking', data: sealText(part.seal, 'redacted') });
    } else if (part.type === 'tool_call') {
      const block = { type: 'tool_use', id: part.id, name: part.name, input: {} };
      content.push(block);
      calls.set(part.index, { block, json: '' });
    } else if (part.type === 'tool_arguments') {
      (calls.get(part.index) as { json: string }).json += part.json;
    } else if (part.type === 'usage') usage = part.usage;
    else if (part.type === 'finish') end = part;
  }
  for (const { block, json } of calls.values()) block.input = inputOf(json);
  return {
    ...emptyMessage(head),
    content,
    stop_reason: messagesStopReason(end.reason),
    stop_sequence: end.sequence ?? null,
    usage: messagesUsage(usage),
  };
}

/** A model can write arguments that are no JSON, and an answer that is cut off ends in the middle of them. */
function inputOf(json: string): unknown {
  try {
    return json === '' ? {} : JSON.parse(json);
  } catch {
    return { _invalid_json: json };
  }
}

function emptyMessage({ id, model }: MessagesHead) {
  return { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null };
}

function citationOf({ url, title }: Citation): object {
  return { type: 'web_search_result_location', url, title, cited_text: '', encrypted_index: '' };
}

function stop(index: number): string {
  return event({ type: 'content_block_stop', index });
}

function event(data: { type: string } & Record<string, unknown>): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
