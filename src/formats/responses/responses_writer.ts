import type { WeirError } from '../error_code.ts';
import { isWholeObject } from '../json_object.ts';
import { openAiError } from '../openai_error.ts';
import { sealText } from '../reasoning_seal.ts';
import type { FinishReason, ReasoningSeal, StreamPart, StreamWriter, TokenUsage } from '../stream_part.ts';
import { CustomToolInput } from './custom_tool_input.ts';
import {
  annotationOf,
  emptyPart,
  emptyResponse,
  endedResponse,
  type Item,
  type PartKind,
  partEvent,
  partsOf,
  type ResponsesHead,
} from './response_object.ts';
import { incompleteReason } from './responses_end.ts';
import { type NamedTool, namedTools } from './responses_tools.ts';

interface OpenItem {
  index: number;
  item: Item;
  /** Of what is said in pieces. */
  text: string;
}

interface OpenCall extends OpenItem {
  isOver: boolean;
  /** Of a custom tool, whose input is text and no JSON. */
  input: CustomToolInput | undefined;
}

/** `head`: how the events of its text begin. */
type OpenMessage = OpenItem & { kind: PartKind; head?: string | undefined };

const DATA = '\ndata: ';
const TEXT_DELTA = 'response.output_text.delta';

/** Writes the events of a response: numbered, each item opened before its pieces and closed before the end. */
export class ResponsesWriter implements StreamWriter {
  readonly #response: ReturnType<typeof emptyResponse>;
  readonly #output: Item[] = [];
  /** The item that is being said: a message with its last content part, or reasoning. */
  #open: OpenMessage | undefined;
  readonly #calls = new Map<number, OpenCall>();
  readonly #requestTools: unknown;
  /** The tools of the request by the name that the upstream knows; made with the first call. */
  #tools: Map<string, NamedTool> | undefined;
  #hasBegun = false;
  #sequence = 0;
  #refused = false;
  /** Of the items that are closed now. */
  #itemStatus: 'completed' | 'incomplete' = 'completed';
  #usage: TokenUsage = { input: 0, output: 0 };

  constructor(head: ResponsesHead) {
    this.#requestTools = head.request.tools;
    this.#response = emptyResponse(head);
  }

  begin(): string {
    this.#hasBegun = true;
    const response = this.#response;
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  write(part: StreamPart): string {
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
        return this.#argue(part.index, part.json);
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
    this.#open = { ...item.open, kind };
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
    // The client's own name and kind of the tool.
    this.#tools ??= new Map(namedTools(this.#requestTools).map((tool) => [tool.flatName, tool]));
    const { kind, name, namespace } = this.#tools.get(flatName) ?? { kind: 'function', name: flatName };
    const isCustom = kind === 'custom';
    const { open, event } = this.#add({
      id: this.#id(isCustom ? 'ctc' : 'fc'),
      type: isCustom ? 'custom_tool_call' : 'function_call',
      status: 'in_progress',
      call_id: callId,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      [isCustom ? 'input' : 'arguments']: '',
    });
    this.#calls.set(index, { ...open, isOver: false, input: isCustom ? new CustomToolInput() : undefined });
    return event;
  }

  #argue(index: number, json: string): string {
    const call = this.#calls.get(index) as OpenCall;
    call.text += json;
    const place = { item_id: call.item.id, output_index: call.index };
    if (!call.input) return this.#event('response.function_call_arguments.delta', { ...place, delta: json });
    const delta = call.input.add(json);
    return delta === '' ? '' : this.#event('response.custom_tool_call_input.delta', { ...place, delta });
  }

  /** A call stays open until its arguments are whole: those of several may come in turns, and with text between. */
  #closeCalls(isEnd: boolean): string {
    let events = '';
    for (const call of this.#calls.values()) {
      if (call.isOver || !(isEnd || isWholeObject(call.text))) continue;
      call.isOver = true;
      events += (call.input ? this.#inputDone(call, call.input) : this.#argumentsDone(call)) + this.#itemDone(call);
    }
    return events;
  }

  #argumentsDone(call: OpenCall): string {
    call.item.arguments = call.text;
    const { id, name } = call.item;
    const whole = { item_id: id, output_index: call.index, name, arguments: call.text };
    return this.#event('response.function_call_arguments.done', whole);
  }

  #inputDone(call: OpenCall, input: CustomToolInput): string {
    const place = { item_id: call.item.id, output_index: call.index };
    const delta = input.finish();
    const last = delta === '' ? '' : this.#event('response.custom_tool_call_input.delta', { ...place, delta });
    call.item.input = input.text;
    return last + this.#event('response.custom_tool_call_input.done', { ...place, input: input.text });
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
    return this.#closeOpen() + this.#closeCalls(false);
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
    const closed = this.#closeOpen() + this.#closeCalls(true);
    const response = endedResponse(this.#response, this.#output, why, this.#usage);
    return closed + this.#event(`response.${response.status}`, { response });
  }

  /** Some clients look for the error in an event of its own, some only in a response that has failed: if it is ours. */
  #fail(failure: WeirError): string {
    const { error } = openAiError(failure);
    const { message, code, param } = error;
    const event = this.#event('error', { message, code, param, error });
    if (!this.#hasBegun) return event;
    const response = { ...this.#response, status: 'failed', error: { code, message } };
    return event + this.#event('response.failed', { response });
  }

  #add(item: Item): { open: OpenItem; event: string } {
    const index = this.#output.length;
    this.#output.push(item);
    return {
      open: { index, item, text: '' },
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

/** @param parts of a whole answer, without an error @returns the body of a response that is not streamed */
export function responsesAnswer(head: ResponsesHead, parts: readonly StreamPart[]): object {
  const writer = new ResponsesWriter(head);
  const events = parts.map((part) => writer.write(part));
  const last = events.at(-1) as string;
  // The JSON of an event is one line: what it says can't look like the field's name.
  const data = last.slice(last.lastIndexOf(DATA) + DATA.length);
  return (JSON.parse(data) as { response: object }).response;
}
