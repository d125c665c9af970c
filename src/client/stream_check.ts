import { CodePointCounter } from '../protocol/code_point_counter.ts';
import type { SseEvent } from '../protocol/sse_decoder.ts';
import type { CompleteEvent, ErrorEvent, StreamEvent } from '../protocol/stream_event.ts';

/** The stream broke the rules of its own protocol: order, numbering, counts or checksum. */
export class StreamProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StreamProtocolError';
  }
}

const PLAIN_NUMBER = /^(0|[1-9]\d{0,14})$/;

/**
 * Turns decoded SSE events into stream events, and holds each against the contract: `status` first, ids contiguous,
 * chunks numbered from 1, exactly one terminal, counts that agree, `[DONE]` after `complete` and nothing after that.
 * Event names that it does not know are passed over.
 */
export class StreamCheck {
  #state: 'start' | 'open' | 'complete' | 'done' | 'error' = 'start';
  #id = '';
  #epoch = 0;
  #seq = -1;
  #chunks = 0;
  readonly #length = new CodePointCounter();
  #parts: string[] = [];
  complete: CompleteEvent | undefined;
  error: ErrorEvent | undefined;

  /** Chunks so far. */
  get chunks(): number {
    return this.#chunks;
  }

  /** All content so far. */
  get text(): string {
    return this.#parts.join('');
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
    const numbered = this.#number(event.id);
    switch (event.event) {
      case 'status':
      case 'chunk':
      case 'complete':
      case 'error':
        if (!numbered) fail(`the ${event.event} event has no id of its own`);
        return this.#numbered(event.event, event);
      default:
        return undefined;
    }
  }

  /** Call at the end of the body; whether a terminal came. @throws StreamProtocolError */
  end(): boolean {
    if (this.#state === 'complete') fail('the stream ended after complete, without [DONE]');
    return this.#state === 'done' || this.#state === 'error';
  }

  #numbered(type: 'status' | 'chunk' | 'complete' | 'error', event: SseEvent): StreamEvent {
    const id = event.id;
    if (type === 'status') {
      if (this.#state !== 'start') fail('a second status event');
      this.#state = 'open';
      return { type, id, data: parse(event) };
    }
    if (this.#state === 'start') fail(`${type} came before status`);
    if (type === 'chunk') {
      const chunk = { type, id, data: parse(event) } as Extract<StreamEvent, { type: 'chunk' }>;
      if (typeof chunk.data.content !== 'string') fail('a chunk has no content');
      this.#chunks += 1;
      if (chunk.data.chunk_index !== this.#chunks) {
        fail(`chunk_index ${chunk.data.chunk_index} came where ${this.#chunks} was due`);
      }
      this.#length.add(chunk.data.content);
      this.#parts.push(chunk.data.content);
      return chunk;
    }
    if (type === 'error') {
      this.error = parse(event) as ErrorEvent;
      this.#state = 'error';
      return { type, id, data: this.error };
    }
    this.complete = parse(event) as CompleteEvent;
    this.#state = 'complete';
    if (this.complete.chunk_count !== this.#chunks) {
      fail(`complete counts ${this.complete.chunk_count} chunks, ${this.#chunks} came`);
    }
    if (this.complete.total_length !== this.#length.count) {
      fail(`complete counts ${this.complete.total_length} code points, ${this.#length.count} came`);
    }
    return { type, id, data: this.complete };
  }

  /** Whether the event brought an id of its own; the decoder repeats the last one. @throws StreamProtocolError */
  #number(id: string): boolean {
    if (id === this.#id) return false;
    this.#id = id;
    const dot = id.indexOf('.');
    const epoch = id.slice(0, dot);
    const seq = id.slice(dot + 1);
    if (dot < 0 || !PLAIN_NUMBER.test(epoch) || !PLAIN_NUMBER.test(seq))
      fail(`the id "${id.slice(0, 50)}" is not <epoch>.<seq>`);
    if (Number(epoch) < this.#epoch) fail(`epoch ${epoch} came after ${this.#epoch}`);
    if (this.#seq >= 0 && Number(seq) !== this.#seq + 1) fail(`id ${id} came after number ${this.#seq}`);
    this.#epoch = Number(epoch);
    this.#seq = Number(seq);
    return true;
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
