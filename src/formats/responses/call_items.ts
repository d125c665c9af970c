import { OpenCalls } from '../open_calls.ts';
import { CustomToolInput } from './custom_tool_input.ts';
import type { Item } from './response_object.ts';
import { type NamedTool, namedTools } from './responses_tools.ts';

/** An item of a response that has begun and is not done. */
export interface OpenItem {
  index: number;
  item: Item;
}

interface OpenCall extends OpenItem {
  /** Its arguments so far. */
  json: string;
  /** Of a custom tool, whose input is text and no JSON. */
  input: CustomToolInput | undefined;
}

/** How a response writes its numbered events. */
export interface EventWriter {
  event(type: string, fields: object): string;
  itemDone(open: OpenItem): string;
}

/** The items of a response that are tool calls, from the piece after their first event to their last. */
export class CallItems {
  readonly #writer: EventWriter;
  readonly #requestTools: unknown;
  /** The tools of the request by the name that the upstream knows; made with the first call. */
  #tools: Map<string, NamedTool> | undefined;
  readonly #calls = new OpenCalls<OpenCall>();

  /** @param requestTools as the request has them */
  constructor(writer: EventWriter, requestTools: unknown) {
    this.#writer = writer;
    this.#requestTools = requestTools;
  }

  /** @param id makes the item's, of its prefix @returns the item as it begins, with the client's own name and kind of the tool */
  item(callId: string, flatName: string, id: (prefix: string) => string): Item {
    this.#tools ??= new Map(namedTools(this.#requestTools).map((tool) => [tool.flatName, tool]));
    const { kind, name, namespace } = this.#tools.get(flatName) ?? { kind: 'function', name: flatName };
    const isCustom = kind === 'custom';
    return {
      id: id(isCustom ? 'ctc' : 'fc'),
      type: isCustom ? 'custom_tool_call' : 'function_call',
      status: 'in_progress',
      call_id: callId,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      [isCustom ? 'input' : 'arguments']: '',
    };
  }

  /** @param index of the call in its answer; @param open its item, which may have got pieces already */
  begin(index: number, open: OpenItem): void {
    const { item } = open;
    if (item.type !== 'custom_tool_call') {
      this.#calls.begin(index, { ...open, json: String(item.arguments), input: undefined });
      return;
    }
    const input = new CustomToolInput();
    const json = item.input === '' ? '' : `{"input":${JSON.stringify(item.input).slice(0, -1)}`;
    input.add(json);
    this.#calls.begin(index, { ...open, json, input });
  }

  /** A call that another writer has closed. */
  end(index: number): void {
    this.#calls.end(index);
  }

  /** @returns the event of a piece of arguments */
  argue(index: number, json: string): string {
    const call = this.#calls.argue(index, json);
    const place = { item_id: call.item.id, output_index: call.index };
    if (!call.input) return this.#writer.event('response.function_call_arguments.delta', { ...place, delta: json });
    const delta = call.input.add(json);
    return delta === '' ? '' : this.#writer.event('response.custom_tool_call_input.delta', { ...place, delta });
  }

  /** Another item begins. @returns the last events of the calls whose arguments are whole */
  closeWhole(): string {
    return this.#close(this.#calls.takeWhole());
  }

  /** The answer ends. */
  closeAll(): string {
    return this.#close(this.#calls.takeAll());
  }

  #close(calls: readonly OpenCall[]): string {
    let events = '';
    for (const call of calls) {
      events +=
        (call.input ? this.#inputDone(call, call.input) : this.#argumentsDone(call)) + this.#writer.itemDone(call);
    }
    return events;
  }

  #argumentsDone(call: OpenCall): string {
    call.item.arguments = call.json;
    const { id, name } = call.item;
    const whole = { item_id: id, output_index: call.index, name, arguments: call.json };
    return this.#writer.event('response.function_call_arguments.done', whole);
  }

  #inputDone(call: OpenCall, input: CustomToolInput): string {
    const place = { item_id: call.item.id, output_index: call.index };
    const delta = input.finish();
    const last = delta === '' ? '' : this.#writer.event('response.custom_tool_call_input.delta', { ...place, delta });
    call.item.input = input.text;
    return last + this.#writer.event('response.custom_tool_call_input.done', { ...place, input: input.text });
  }
}
