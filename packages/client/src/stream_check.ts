import type { SseEvent } from '../../../src/formats/sse/sse_decoder.ts';
import { CodePointCounter } from '../../../src/formats/weir/code_point_counter.ts';
import type {
  CompleteEvent,
  ErrorEvent,
  ReasoningEvent,
  RefusalEvent,
  StreamEvent,
  ToolCallEvent,
} from '../../../src/formats/weir/stream_event.ts';

/**
 * Turns decoded SSE events into stream events and checks the protocol: `status` first, ids contiguous, chunks numbered
 * from 1, exactly one terminal event, matching counts, `[DONE]` after `complete` and nothing after that. Ignores unknown
 * event names. One check covers all connections of a resumable stream.
 */
export class StreamCheck {
  #state: 'start' | 'open' | 'complete' | 'done' | 'error' = 'start';
  readonly #numbering: EventNumbering;
  /** `chunk_index` of the last chunk; undefined if the chunks before the cursor are unknown. */
  #index: number | undefined = 0;
  #chunks = 0;
  /** Tool calls that have begun. */
  #calls = 0;
  readonly #length = new CodePointCounter();
  #parts: string[] = [];
  /** Whether it saw the stream from its first event. Otherwise length and checksum cannot be compared. */
  readonly isWhole: boolean;
  complete: CompleteEvent | undefined;
  error: ErrorEvent | undefined;

  /** @param after id of the last event that the caller has. @throws StreamProtocolError */
  constructor(after?: string) {
    this.#numbering = new EventNumbering(after);
    this.isWhole = after === undefined;
    if (this.isWhole) return;
    this.#state = 'open';
    this.#index = undefined;
  }

  /** The cursor: id of the last event; undefined before the first. */
  get lastId(): string | undefined {
    return this.#numbering.lastId;
  }

  get epoch(): number {
    return this.#numbering.epoch;
  }

  /** Number of the last event; -1 before the first. */
  get seq(): number {
    return this.#numbering.seq;
  }

  /** Chunks so far. */
  get chunks(): number {
    return this.#chunks;
  }

  /** All content so far. */
  get text(): string {
    return this.#parts.join('');
  }

  /** Whether the terminal event arrived; `[DONE]` may still follow. */
  get isFinished(): boolean {
    return this.complete !== undefined || this.error !== undefined;
  }

  /** Call when another connection continues the stream. */
  reconnected(): void {
    this.#numbering.reconnected();
  }

  /** The stream's event, or undefined for `[DONE]` and unknown names. @throws StreamProtocolError */
  take(event: SseEvent): StreamEvent | undefined {
    if (this.#state === 'done' || this.#state === 'error') fail('an event follows the end of the stream');
    if (this.#state === 'complete') {
      if (event.event !== 'message' || event.data !== '[DONE]') fail('data other than [DONE] follows complete');
      this.#state = 'done';
      return undefined;
    }
    if (event.event === 'message' && event.data === '[DONE]') fail('[DONE] came without complete');
    if (event.event === 'notice') return { type: 'notice', id: '', data: parse(event) };
    const isNumbered = this.#numbering.take(event.id);
    switch (event.event) {
      case 'status':
      case 'chunk':
      case 'complete':
      case 'reasoning':
      case 'tool_call':
      case 'refusal':
      case 'citation':
        if (!isNumbered) fail(`the ${event.event} event has no id of its own`);
        return this.#numbered(event.event, event);
      case 'error':
        return this.#failed(event, isNumbered);
      default:
        return undefined;
    }
  }

  /** Call at the end of the body. @returns whether a terminal event arrived @throws StreamProtocolError */
  end(): boolean {
    if (this.#state === 'complete') fail('the stream ended after complete, without [DONE]');
    return this.isFinished;
  }

  #numbered(type: Exclude<StreamEvent['type'], 'notice' | 'error'>, event: SseEvent): StreamEvent {
    const id = event.id;
    if (type === 'status') {
      if (this.#state !== 'start') fail('a second status event');
      this.#state = 'open';
      return { type, id, data: parse(event) };
    }
    if (this.#state === 'start') fail(`${type} came before status`);
    if (type === 'chunk') return this.#chunk(id, parse(event));
    if (type === 'reasoning' || type === 'refusal') return this.#said(type, id, parse(event));
    if (type === 'citation') return { type, id, data: parse(event) };
    if (type === 'tool_call') return this.#toolCall(id, parse(event));
    const complete = parse(event) as CompleteEvent;
    if (this.#index !== undefined && complete.chunk_count !== this.#index) {
      fail(`complete counts ${complete.chunk_count} chunks, ${this.#index} came`);
    }
    if (this.isWhole && complete.total_length !== this.#length.count) {
      fail(`complete counts ${complete.total_length} code points, ${this.#length.count} came`);
    }
    this.complete = complete;
    this.#state = 'complete';
    return { type, id, data: complete };
  }

  #chunk(id: string, data: Extract<StreamEvent, { type: 'chunk' }>['data']): StreamEvent {
    if (typeof data.content !== 'string') fail('a chunk has no content');
    const due = this.#index === undefined ? data.chunk_index : this.#index + 1;
    if (data.chunk_index !== due) fail(`chunk_index ${data.chunk_index} came where ${due} was due`);
    this.#index = due;
    this.#chunks += 1;
    this.#length.add(data.content);
    this.#parts.push(data.content);
    return { type: 'chunk', id, data };
  }

  #said(type: 'reasoning' | 'refusal', id: string, data: ReasoningEvent | RefusalEvent): StreamEvent {
    if (typeof data.content !== 'string') fail(`a ${type} event has no content`);
    return { type, id, data };
  }

  /** Calls are numbered from 0, and each begins with its name. */
  #toolCall(id: string, data: ToolCallEvent): StreamEvent {
    if (typeof data.arguments !== 'string') fail('a tool_call event has no arguments');
    const isNew = data.index === this.#calls;
    if (isNew && (typeof data.id !== 'string' || typeof data.name !== 'string'))
      fail('a tool call has no id or no name');
    if (isNew) this.#calls += 1;
    if (!(data.index >= 0 && data.index < this.#calls))
      fail(`tool call ${data.index} came where ${this.#calls} was due`);
    return { type: 'tool_call', id, data };
  }

  /** An error of this connection only, such as `log_regressed`, is not part of the stream and has no number. */
  #failed(event: SseEvent, isNumbered: boolean): StreamEvent {
    if (isNumbered && this.#state === 'start') fail('error came before status');
    this.error = parse(event) as ErrorEvent;
    this.#state = 'error';
    return { type: 'error', id: isNumbered ? event.id : '', data: this.error };
  }
}

// Only the fields that the counts depend on are checked: the server is Weir.
// biome-ignore lint/suspicious/noExplicitAny: JSON has no type of its own, the caller names the event's
function parse(event: SseEvent): any {
  let value: unknown;
  try {
    value = JSON.parse(event.data);
  } catch {
    fail(`the data of a ${event.event} event is not JSON`);
  }
  if (typeof value !== 'object' || value === null) fail(`the data of a ${event.event} event is not an object`);
  return value;
}

function fail(message: string): never {
  throw new StreamProtocolError(message);
}

const EVENT_ID = /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})$/;

/**
 * Checks the ids of a stream's events, `<epoch>.<seq>`, over all its connections: `seq` increases by one, and the epoch
 * never decreases.
 */
export class EventNumbering {
  /** Last id of this connection; the decoder repeats it for events without an id. */
  #repeated = '';
  #lastId: string | undefined;
  #epoch = 0;
  #seq = -1;

  /** @param after id of the last event that the caller has. @throws StreamProtocolError */
  constructor(after?: string) {
    if (after !== undefined) this.#set(after, parseId(after));
  }

  /** The cursor: id of the last event; undefined before the first. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Number of the last event; -1 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** Call when another connection continues the stream. */
  reconnected(): void {
    this.#repeated = '';
  }

  /** Whether the event has its own id. @throws StreamProtocolError if it is out of order */
  take(id: string): boolean {
    if (id === this.#repeated) return false;
    this.#repeated = id;
    const next = parseId(id);
    if (next.epoch < this.#epoch) throw new StreamProtocolError(`epoch ${next.epoch} came after ${this.#epoch}`);
    if (this.#seq >= 0 && next.seq !== this.#seq + 1) {
      throw new StreamProtocolError(`id ${id} came after number ${this.#seq}`);
    }
    this.#set(id, next);
    return true;
  }

  #set(id: string, { epoch, seq }: { epoch: number; seq: number }): void {
    this.#lastId = id;
    this.#epoch = epoch;
    this.#seq = seq;
  }
}

function parseId(id: string): { epoch: number; seq: number } {
  const match = EVENT_ID.exec(id);
  if (match === null) throw new StreamProtocolError(`the id "${id.slice(0, 50)}" is not <epoch>.<seq>`);
  return { epoch: Number(match[1]), seq: Number(match[2]) };
}

/** Compares the text with the checksum of `complete`, if WebCrypto is available. @throws StreamProtocolError */
export async function verifyText(text: string, complete: CompleteEvent): Promise<void> {
  // Pages loaded over plain HTTP from another host have no WebCrypto.
  const subtle = globalThis.crypto?.subtle as typeof globalThis.crypto.subtle | undefined;
  if (subtle === undefined) return;
  const digest = await subtle.digest('SHA-256', new TextEncoder().encode(text));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== complete.sha256) throw new StreamProtocolError('the text does not match its checksum');
}

/** The stream broke the rules of its own protocol: order, numbering, counts or checksum. */
export class StreamProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StreamProtocolError';
  }
}
