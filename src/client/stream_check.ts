import type { SseEvent } from '../formats/sse/sse_decoder.ts';
import { CodePointCounter } from '../formats/weir/code_point_counter.ts';
import type { CompleteEvent, ErrorEvent, StreamEvent } from '../formats/weir/stream_event.ts';

/**
 * Turns decoded SSE events into stream events, and holds each against the contract: `status` first, ids contiguous,
 * chunks numbered from 1, exactly one terminal, counts that agree, `[DONE]` after `complete` and nothing after that.
 * Event names that it does not know are passed over. It goes on over the connections of a resumable stream.
 */
export class StreamCheck {
  #state: 'start' | 'open' | 'complete' | 'done' | 'error' = 'start';
  readonly #numbering: EventNumbering;
  /** `chunk_index` of the last chunk; undefined where the chunks before the cursor are not known. */
  #index: number | undefined = 0;
  #chunks = 0;
  readonly #length = new CodePointCounter();
  #parts: string[] = [];
  /** Whether it saw the thread from its first event; otherwise lengths and checksum can't be compared. */
  readonly isWhole: boolean;
  complete: CompleteEvent | undefined;
  error: ErrorEvent | undefined;

  /** @param after id of the event after which the stream is to go on. @throws StreamProtocolError */
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

  /** Whether the terminal event came; `[DONE]` may still be due. */
  get isFinished(): boolean {
    return this.complete !== undefined || this.error !== undefined;
  }

  /** Call when another connection takes over. */
  reconnected(): void {
    this.#numbering.reconnected();
  }

  /** The stream's event, or undefined for `[DONE]` and unknown names. @throws StreamProtocolError */
  take(event: SseEvent): StreamEvent | undefined {
    if (this.#state === 'done' || this.#state === 'error') fail('an event follows the end of the stream');
    if (this.#state === 'complete') {
      if (event.event !== 'message' || event.data !== '[DONE]') fail('something else than [DONE] follows complete');
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
        if (!isNumbered) fail(`the ${event.event} event has no id of its own`);
        return this.#numbered(event.event, event);
      case 'error':
        return this.#failed(event, isNumbered);
      default:
        return undefined;
    }
  }

  /** Call at the end of the body; whether a terminal came. @throws StreamProtocolError */
  end(): boolean {
    if (this.#state === 'complete') fail('the stream ended after complete, without [DONE]');
    return this.isFinished;
  }

  #numbered(type: 'status' | 'chunk' | 'complete', event: SseEvent): StreamEvent {
    const id = event.id;
    if (type === 'status') {
      if (this.#state !== 'start') fail('a second status event');
      this.#state = 'open';
      return { type, id, data: parse(event) };
    }
    if (this.#state === 'start') fail(`${type} came before status`);
    if (type === 'chunk') return this.#chunk(id, parse(event));
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

  /** An error of this reader only, such as `log_regressed`, is no record of the thread and has no number. */
  #failed(event: SseEvent, isNumbered: boolean): StreamEvent {
    if (isNumbered && this.#state === 'start') fail('error came before status');
    this.error = parse(event) as ErrorEvent;
    this.#state = 'error';
    return { type: 'error', id: isNumbered ? event.id : '', data: this.error };
  }
}

// The server is ours and its events are typed by the protocol; only what the counts rest on is looked at.
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
 * Holds the ids of a thread's events, `<epoch>.<seq>`, against the contract, over all its connections: `seq` goes up by
 * one, also from one connection to the next, and the epoch never falls.
 */
export class EventNumbering {
  /** Of this connection; the decoder repeats it where an event brings none. */
  #repeated = '';
  #lastId: string | undefined;
  #epoch = 0;
  #seq = -1;

  /** @param after id of the event after which the stream is to go on. @throws StreamProtocolError */
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

  /** Call when another connection takes over. */
  reconnected(): void {
    this.#repeated = '';
  }

  /** Whether the event brought an id of its own. @throws StreamProtocolError for one out of order */
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

/** Compares the text with the checksum of `complete`, where WebCrypto is there. @throws StreamProtocolError */
export async function verifyText(text: string, complete: CompleteEvent): Promise<void> {
  // Pages that came over plain http from another host have no WebCrypto.
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
