import { countOf, type JsonObject, objectOf, parseObject, textOf } from '../json_object.ts';
import { completeResponse, type Item } from './response_object.ts';

/** Events that carry the response itself; the last three, and `cancelled`, end it. */
const ENDS = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);
const STEPS = new Set(['response.created', 'response.queued', 'response.in_progress']);

/** Events that bring a piece, by their type: the field of the item, or of its part, that grows. */
const PIECES: Readonly<Record<string, { list?: 'content' | 'summary'; field: string }>> = {
  'response.output_text.delta': { list: 'content', field: 'text' },
  'response.refusal.delta': { list: 'content', field: 'refusal' },
  'response.reasoning_text.delta': { list: 'content', field: 'text' },
  'response.reasoning_summary_text.delta': { list: 'summary', field: 'text' },
  'response.function_call_arguments.delta': { field: 'arguments' },
  'response.mcp_call_arguments.delta': { field: 'arguments' },
  'response.custom_tool_call_input.delta': { field: 'input' },
  'response.code_interpreter_call_code.delta': { field: 'code' },
};

/** Steps of a tool that runs at the provider: `response.web_search_call.searching`. */
const TOOL_STEP = /^response\.\w+_call\.(\w+)$/;

/**
 * A response as its events have made it so far. What an event says that makes no sense is left out: the object stays one
 * that clients can read.
 */
export class ResponseState {
  #response: JsonObject | undefined;
  #output: Item[] = [];
  readonly #openItems = new Set<number>();
  #isPartOpen = false;
  #isOver = false;
  /** Of the last event; -1 before the first. */
  sequence = -1;

  /** What the first events say of the response; undefined before the first. */
  get response(): JsonObject | undefined {
    return this.#response;
  }

  get output(): readonly Item[] {
    return this.#output;
  }

  /** Places in the output of items that have begun and are not done. */
  get openItems(): ReadonlySet<number> {
    return this.#openItems;
  }

  /** Whether the last part of a message, or of reasoning, has begun and is not done. */
  get isPartOpen(): boolean {
    return this.#isPartOpen;
  }

  /** Its last event was read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param data of one event */
  read(data: string): void {
    const event = parseObject(data);
    if (!event || this.#isOver) return;
    const type = textOf(event.type);
    this.sequence = countOf(event.sequence_number) ?? this.sequence + 1;
    const piece = Object.hasOwn(PIECES, type) ? PIECES[type] : undefined;
    if (piece) {
      const target = piece.list ? this.#part(event, piece.list) : this.#item(event);
      if (target) target[piece.field] = textOf(target[piece.field]) + textOf(event.delta);
    } else if (STEPS.has(type) || ENDS.has(type)) {
      this.#step(objectOf(event.response), ENDS.has(type));
    } else if (type === 'error') {
      const error = objectOf(event.error) ?? event;
      this.#failed({ code: textOf(error.code) || 'server_error', message: textOf(error.message) });
    } else this.#readItem(type, event);
  }

  /** @returns all fields that clients rely on; undefined before the first event */
  object(): JsonObject | undefined {
    return this.#response && completeResponse({ ...this.#response, output: this.#output });
  }

  #step(response: JsonObject | undefined, isEnd: boolean): void {
    if (!response) return;
    this.#response = { ...this.#response, ...response, id: this.#response?.id ?? response.id };
    this.#isOver = isEnd;
    // Steps before the end say no output.
    if (Array.isArray(response.output) && (isEnd || response.output.length > 0)) {
      this.#output = response.output.filter((item) => objectOf(item) !== undefined) as Item[];
    }
    if (isEnd) this.#openItems.clear();
  }

  /** The event that ends it may follow. */
  #failed(error: JsonObject): void {
    this.#response = { ...this.#response, status: 'failed', error };
  }

  #readItem(type: string, event: JsonObject): void {
    const index = countOf(event.output_index);
    if (index === undefined || index > this.#output.length) return;
    const item = objectOf(event.item) as Item | undefined;
    const part = objectOf(event.part);
    switch (type) {
      case 'response.output_item.added':
      case 'response.output_item.done':
        if (!item) return;
        this.#output[index] = item;
        if (type.endsWith('.added')) this.#openItems.add(index);
        else this.#openItems.delete(index);
        return;
      case 'response.content_part.added':
      case 'response.content_part.done':
        this.#setPart(event, 'content', part, type.endsWith('.added'));
        return;
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        this.#setPart(event, 'summary', part, type.endsWith('.added'));
        return;
      case 'response.output_text.annotation.added': {
        const annotations = this.#part(event, 'content')?.annotations;
        if (Array.isArray(annotations)) annotations.push(event.annotation);
        return;
      }
      default: {
        const status = TOOL_STEP.exec(type)?.[1];
        const known = this.#output[index];
        if (status && known && 'status' in known) known.status = status;
      }
    }
  }

  #item(event: JsonObject): Item | undefined {
    return this.#output[countOf(event.output_index) ?? -1];
  }

  #part(event: JsonObject, list: 'content' | 'summary'): JsonObject | undefined {
    const parts = this.#item(event)?.[list];
    return Array.isArray(parts) ? objectOf(parts[placeOf(event, list)]) : undefined;
  }

  #setPart(event: JsonObject, list: 'content' | 'summary', part: JsonObject | undefined, isOpen: boolean): void {
    const item = this.#item(event);
    if (!item || !part) return;
    item[list] ??= [];
    const parts = item[list];
    const at = placeOf(event, list);
    if (!Array.isArray(parts) || at < 0 || at > parts.length) return;
    parts[at] = part;
    this.#isPartOpen = isOpen;
  }
}

/** @param events the data of each, in order */
export function responseState(events: Iterable<string>): ResponseState {
  const state = new ResponseState();
  for (const data of events) state.read(data);
  return state;
}

function placeOf(event: JsonObject, list: 'content' | 'summary'): number {
  return countOf(list === 'content' ? event.content_index : event.summary_index) ?? -1;
}
