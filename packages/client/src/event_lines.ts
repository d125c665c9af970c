import { MAX_EVENT_CHARS, SseLimitError } from '../../../src/formats/sse/sse_decoder.ts';

/** An event with its bytes: its lines up to a blank one, as they came, but for Weir's `id:` line. */
export interface EventLines {
  bytes: Uint8Array<ArrayBuffer>;
  /** Of Weir's `id:` line; undefined for a comment, such as a heartbeat, and for what is no part of the log. */
  id: string | undefined;
  /** Undefined where it has none: a comment. */
  data: string | undefined;
}

const LF = 10;
const CR = 13;
const WEIR_ID = /^id: (\d+\.\d+)$/;
const text = new TextDecoder();

/**
 * Cuts an event stream, whose bytes come in any pieces, into events whose bytes stay as they are. Weir writes its `id:` line
 * last, before the blank line; or first, where the event does not end with a blank line.
 */
export class EventCutter {
  #bytes = new Uint8Array(0);
  #size = 0;
  /** Where the next event begins, where its last line begins, and what has been looked at. */
  #start = 0;
  #line = 0;
  #at = 0;
  /** The lines of the next event that are whole and not blank, with their ends. */
  #lines: [from: number, to: number][] = [];

  /** @throws SseLimitError */
  push(piece: Uint8Array): void {
    const held = this.#size - this.#start;
    if (held + piece.length > MAX_EVENT_CHARS) throw new SseLimitError();
    if (this.#size + piece.length > this.#bytes.length) this.#makeRoom(held, held + piece.length);
    this.#bytes.set(piece, this.#size);
    this.#size += piece.length;
  }

  /** The next whole event; undefined until more bytes come. */
  next(): EventLines | undefined {
    while (this.#at < this.#size) {
      const byte = this.#bytes[this.#at] as number;
      this.#at += 1;
      if (byte !== LF && byte !== CR) continue;
      // Whether the second half of a line's end follows is not known yet.
      if (byte === CR && this.#at === this.#size) {
        this.#at -= 1;
        return undefined;
      }
      if (byte === CR && this.#bytes[this.#at] === LF) this.#at += 1;
      const isBlank = this.#at - this.#line <= 2 && isLineEnd(this.#bytes[this.#line]);
      if (!isBlank) this.#lines.push([this.#line, this.#at]);
      this.#line = this.#at;
      if (isBlank && this.#lines.length > 0) return this.#cut();
    }
    return undefined;
  }

  /** What is left at the end of the bytes, as an event: its last blank line may be missing. */
  end(): EventLines | undefined {
    if (this.#line < this.#size) this.#lines.push([this.#line, this.#size]);
    this.#at = this.#size;
    this.#line = this.#size;
    // Where the number is to come last, the blank line is, too.
    return this.#lines.length > 0 ? this.#cut(0) : undefined;
  }

  #makeRoom(held: number, size: number): void {
    const room = size <= this.#bytes.length ? this.#bytes : new Uint8Array(Math.max(2 * size, 16_384));
    room.set(this.#bytes.subarray(this.#start, this.#size));
    this.#bytes = room;
    this.#line -= this.#start;
    this.#at -= this.#start;
    this.#lines = this.#lines.map(([from, to]) => [from - this.#start, to - this.#start]);
    this.#size = held;
    this.#start = 0;
  }

  #cut(last = this.#lines.length - 1): EventLines {
    const lines = this.#lines;
    const [start, end] = [this.#start, this.#at];
    this.#lines = [];
    this.#start = end;
    const place = this.#idOf(lines[last]!) === undefined ? 0 : last;
    const id = this.#idOf(lines[place]!);
    const [from, to] = id === undefined ? [end, end] : lines[place]!;
    const bytes = new Uint8Array(end - start - (to - from));
    bytes.set(this.#bytes.subarray(start, from));
    bytes.set(this.#bytes.subarray(to, end), from - start);
    return { bytes, id, data: dataOf(text.decode(bytes)) };
  }

  #idOf([from, to]: [number, number]): string | undefined {
    // "i"
    if (this.#bytes[from] !== 105) return undefined;
    return WEIR_ID.exec(text.decode(this.#bytes.subarray(from, to)).trimEnd())?.[1];
  }
}

const isLineEnd = (byte: number | undefined) => byte === LF || byte === CR;

function dataOf(event: string): string | undefined {
  const lines = event.split(/\r\n?|\n/).filter((line) => line.startsWith('data:'));
  return lines.length === 0
    ? undefined
    : lines
        .map((line) => line.slice(5))
        .join('\n')
        .trim();
}
