import { StreamProtocolError } from './stream_protocol_error.ts';

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
