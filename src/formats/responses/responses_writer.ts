import type { WeirError } from '../error_code.ts';
import { type JsonObject, listOf, objectOf } from '../json_object.ts';
import { openAiError } from '../openai_error.ts';
import { sealText } from '../reasoning_seal.ts';
import type { FinishReason, ReasoningSeal, StreamPart, StreamWriter, TokenUsage } from '../stream_part.ts';
import { CallItems, type OpenItem } from './call_items.ts';
import {
  annotationOf,
  emptyPart,
  emptyResponse,
  endedResponse,
  type Item,
  lastPart,
  type PartKind,
  partEvent,
  partsOf,
  type ResponsesHead,
} from './response_object.ts';
import type { ResponseState } from './response_state.ts';
import { incompleteReason } from './responses_end.ts';

/** `text`: what is said so far of its last part; `head`: how the events of it begin. */
type OpenMessage = OpenItem & { kind: PartKind; text: string; head?: string | undefined };

const TEXT_DELTA = 'response.output_text.delta';
/** Items that are calls of the client's tools. */
const CALLS: ReadonlySet<unknown> = new Set(['function_call', 'custom_tool_call']);

/** Writes the events of a response: numbered, each item opened before its pieces and closed before the end. */
export class ResponsesWriter implements StreamWriter {
  readonly #response: ReturnType<typeof emptyResponse>;
  readonly #output: Item[] = [];
  /** The item that is being said: a message with its last content part, or reasoning. */
  #open: OpenMessage | undefined;
  readonly #calls: CallItems;
  #hasBegun = false;
  /** Something comes before the events of the next part. */
  #isBehind = false;
  /** Items that another writer left between two of their parts. */
  readonly #leftOpen: OpenItem[] = [];
  #sequence = 0;
  #refused = false;
  /** Of the items that are closed now. */
  #itemStatus: 'completed' | 'incomplete' = 'completed';
  #usage: TokenUsage = { input: 0, output: 0 };

  constructor(head: ResponsesHead) {
    this.#response = emptyResponse(head);
    this.#calls = new CallItems(
      {
        event: (type, fields) => this.#event(type, fields),
        itemDone: (open) => this.#itemDone(open),
      },
      head.request.tools,
    );
  }

  /** Goes on with a response that another writer began. @param state after all of its events so far, none of which ends it */
  static after(state: ResponseState, head: ResponsesHead): ResponsesWriter {
    const writer = new ResponsesWriter(head);
    if (state.response) writer.#goOn(state, state.response);
    return writer;
  }

  begin(): string {
    this.#hasBegun = true;
    const response = this.#response;
    const created = this.#event('response.created', { response });
    this.#isBehind = response.background;
    return created + (response.background ? this.#event('response.queued', { response }) : this.#start());
  }

  write(part: StreamPart): string {
    return this.#isBehind ? this.#catchUp(part) + this.#write(part) : this.#write(part);
  }

  #catchUp(part: StreamPart): string {
    this.#isBehind = false;
    if (part.type === 'error') this.#itemStatus = 'incomplete';
    const isStart = this.#response.status === 'queued' && part.type !== 'error';
    const left = this.#leftOpen.map((open) => this.#itemDone(open));
    return (isStart ? this.#start() : '') + left.join('');
  }

  #start(): string {
    this.#response.status = 'in_progress';
    return this.#event('response.in_progress', { response: this.#response });
  }

  #write(part: StreamPart): string {
    switch (part.type) {
      case 'text':
        return this.#begin('output_text') + this.#text(part.text);
      case 'refusal':
        this.#refused = true;
        return this.#begin('refusal') + this.#piece('response.refusal.delta', part.text);
      case 'reasoning':
        return this.#begin('reasoning') + this.#piece('response.reasoning_summary_text.delta', part.text);
      case 'reasoning_seal':
        return this.#seal(part.seal);
      case 'citation':
        return this.#begin('output_text') + this.#annotate(annotationOf(part.citation));
      case 'tool_call':
        return this.#close() + this.#call(part.index, part.id, part.name);
      case 'tool_arguments':
        return this.#calls.argue(part.index, part.json);
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'finish':
        return this.#end(part.reason);
      case 'error':
        return this.#fail(part.error);
    }
  }

  #begin(kind: PartKind): string {
    const open = this.#open;
    if (open?.kind === kind) return '';
    // Text and refusal are parts of one message.
    if (open && kind !== 'reasoning' && open.kind !== 'reasoning') {
      const closed = this.#closePart();
      open.kind = kind;
      open.text = '';
      open.head = undefined;
      return closed + this.#openPart();
    }
    const closed = this.#close();
    const item =
      kind === 'reasoning'
        ? this.#add({ id: this.#id('rs'), type: 'reasoning', summary: [] })
        : this.#add({ id: this.#id('msg'), type: 'message', status: 'in_progress', role: 'assistant', content: [] });
    this.#open = { ...item.open, kind, text: '' };
    return closed + item.event + this.#openPart();
  }

  #openPart(): string {
    const open = this.#open as OpenMessage;
    const parts = partsOf(open.item);
    const part = emptyPart(open.kind);
    parts.push(part);
    return this.#event(`${partEvent(open.kind)}.added`, { ...this.#place(open), part });
  }

  /** Nearly all events are this one. */
  #text(delta: string): string {
    const open = this.#open as OpenMessage;
    open.text += delta;
    open.head ??= JSON.stringify({ type: TEXT_DELTA, ...this.#place(open) }).slice(0, -1);
    const sequence = this.#sequence;
    this.#sequence += 1;
    return `event: ${TEXT_DELTA}\ndata: ${open.head},"delta":${JSON.stringify(delta)},"logprobs":[],"sequence_number":${sequence}}\n\n`;
  }

  #piece(type: string, delta: string): string {
    const open = this.#open as OpenMessage;
    open.text += delta;
    return this.#event(type, { ...this.#place(open), delta });
  }

  #annotate(annotation: object): string {
    const open = this.#open as OpenMessage;
    const annotations = (partsOf(open.item).at(-1) as { annotations: object[] }).annotations;
    annotations.push(annotation);
    const place = { ...this.#place(open), annotation_index: annotations.length - 1 };
    return this.#event('response.output_text.annotation.added', { ...place, annotation });
  }

  /** Ends the reasoning that it seals; reasoning without text is an item too. */
  #seal(seal: ReasoningSeal): string {
    if (this.#open?.kind === 'reasoning') {
      // The item has an id of its own already.
      this.#open.item.encrypted_content = sealText(seal, seal.id === undefined ? 'encrypted' : undefined);
      return this.#closeOpen();
    }
    const closed = this.#close();
    const own = seal.kind === 'encrypted' ? seal.id : undefined;
    const encrypted_content = sealText(seal, 'encrypted');
    const { open, event } = this.#add({ id: own ?? this.#id('rs'), type: 'reasoning', summary: [], encrypted_content });
    return closed + event + this.#itemDone(open);
  }

  #call(index: number, callId: string, flatName: string): string {
    const { open, event } = this.#add(this.#calls.item(callId, flatName, (prefix) => this.#id(prefix)));
    this.#calls.begin(index, open);
    return event;
  }

  #closePart(): string {
    const open = this.#open as OpenMessage;
    const part = partsOf(open.item).at(-1) as Record<string, unknown>;
    const place = this.#place(open);
    const field = open.kind === 'refusal' ? 'refusal' : 'text';
    part[field] = open.text;
    const done = `response.${open.kind === 'reasoning' ? 'reasoning_summary_text' : open.kind}.done`;
    const logprobs = open.kind === 'output_text' ? { logprobs: [] } : {};
    return (
      this.#event(done, { ...place, [field]: open.text, ...logprobs }) +
      this.#event(`${partEvent(open.kind)}.done`, { ...place, part })
    );
  }

  /** Another item begins. */
  #close(): string {
    return this.#closeOpen() + this.#calls.closeWhole();
  }

  #closeOpen(): string {
    const open = this.#open;
    if (!open) return '';
    const part = this.#closePart();
    this.#open = undefined;
    return part + this.#itemDone(open);
  }

  #itemDone({ index, item }: OpenItem): string {
    if ('status' in item) item.status = this.#itemStatus;
    return this.#event('response.output_item.done', { output_index: index, item });
  }

  #end(reason: FinishReason): string {
    const why = incompleteReason(reason, this.#refused);
    if (why !== undefined) this.#itemStatus = 'incomplete';
    const closed = this.#closeOpen() + this.#calls.closeAll();
    const response = endedResponse(this.#response, this.#output, why, this.#usage);
    return closed + this.#event(`response.${response.status}`, { response });
  }

  /**
   * Some clients look for the error in an event of its own, some only in a response that has failed: if it is ours. One
   * that was cancelled, or runs in the background, has no other event: its clients read how it ended in the response.
   */
  #fail(failure: WeirError): string {
    const { error } = openAiError(failure);
    const { message, code, param } = error;
    const isCancelled = failure.code === 'cancelled';
    if (this.#hasBegun && (isCancelled || this.#response.background)) {
      this.#itemStatus = 'incomplete';
      const closed = this.#closeOpen() + this.#calls.closeAll();
      const ended = isCancelled ? { status: 'cancelled' } : { status: 'failed', error: { code, message } };
      return (
        closed + this.#event('response.failed', { response: { ...this.#response, ...ended, output: this.#output } })
      );
    }
    const event = this.#event('error', { message, code, param, error });
    if (!this.#hasBegun) return event;
    const response = { ...this.#response, status: 'failed', error: { code, message } };
    return event + this.#event('response.failed', { response });
  }

  #goOn({ output, openItems, isPartOpen, sequence }: ResponseState, response: JsonObject): void {
    Object.assign(this.#response, response, { output: [] });
    this.#hasBegun = true;
    this.#sequence = sequence + 1;
    this.#output.push(...output);
    let calls = 0;
    for (const [index, item] of output.entries()) {
      const isOpen = openItems.has(index);
      const open = { index, item };
      const last = index === output.length - 1 && isPartOpen ? lastPart(item) : undefined;
      if (CALLS.has(item.type)) {
        this.#calls.begin(calls, open);
        if (!isOpen) this.#calls.end(calls);
        calls += 1;
      } else if (isOpen && last) this.#open = { ...open, ...last };
      else if (isOpen) this.#leftOpen.push(open);
      this.#refused ||= listOf(item.content).some((part) => objectOf(part)?.type === 'refusal');
    }
    this.#isBehind = this.#response.status === 'queued' || this.#leftOpen.length > 0;
  }

  #add(item: Item): { open: OpenItem; event: string } {
    const index = this.#output.length;
    this.#output.push(item);
    return {
      open: { index, item },
      event: this.#event('response.output_item.added', { output_index: index, item }),
    };
  }

  #place(open: OpenMessage): object {
    const place = { item_id: open.item.id, output_index: open.index };
    const last = partsOf(open.item).length - 1;
    return open.kind === 'reasoning'
      ? { ...place, summary_index: last }
      : { ...place, content_index: Math.max(0, last) };
  }

  #id(prefix: string): string {
    return `${prefix}_${this.#response.id.replace(/^resp_/, '')}_${this.#output.length}`;
  }

  #event(type: string, fields: object): string {
    const data = { type, ...fields, sequence_number: this.#sequence };
    this.#sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
