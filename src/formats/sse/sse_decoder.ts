/** One dispatched event. `event` is `message` where the stream names none; `id` is the last id seen so far. */
export interface SseEvent {
  event: string;
  data: string;
  id: string;
}

/** A line, or the data of one event, longer than this is an attack or a fault: {@link SseLimitError}. */
export const MAX_EVENT_CHARS = 16 * 1024 * 1024;

export class SseLimitError extends Error {
  constructor() {
    super(`an event is longer than ${MAX_EVENT_CHARS} characters`);
    this.name = 'SseLimitError';
  }
}

const LF = 10;
const CR = 13;
// One BOM is stripped by hand at the start; TextDecoder's own stripping would act on every read.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Decodes `text/event-stream` by WHATWG's rules (HTML, section 9.2.6), from bytes cut anywhere.
 *
 * It is pulled, so that a reader that is full leaves the rest undecoded: `push(bytes)`, then `next()` until it gives
 * `undefined`. Bytes are decoded up to the last line end only: UTF-8 never holds a line break inside a character, so
 * no decoder state has to survive a cut, and the usual case (a read ends with an event) costs one decode.
 */
export class SseDecoder {
  #text = '';
  #at = 0;
  #rest: Uint8Array[] = [];
  #restSize = 0;
  #first = true;
  #skipLf = false;
  /** Where the next CR is, or -1: almost no server sends one, and then it is searched for only once a read. */
  #nextCr = -1;
  #data: string | undefined;
  #event = '';
  #id = '';

  /** Takes the next bytes as they came. @throws SseLimitError */
  push(bytes: Uint8Array): void {
    // A read nearly always ends with an event.
    const cut =
      bytes[bytes.length - 1] === LF ? bytes.length : Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1;
    if (cut === 0) {
      this.#hold(bytes);
      return;
    }
    let text = utf8.decode(cut === bytes.length ? bytes : bytes.subarray(0, cut));
    if (this.#restSize > 0) text = this.#takeRest(bytes.subarray(0, cut));
    if (cut < bytes.length) this.#hold(bytes.subarray(cut));
    if (this.#first) {
      this.#first = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    this.#text = this.#at < this.#text.length ? this.#text.slice(this.#at) + text : text;
    this.#at = 0;
    this.#nextCr = this.#text.indexOf('\r');
  }

  /** The next whole event, or undefined until more bytes come. @throws SseLimitError */
  next(): SseEvent | undefined {
    const text = this.#text;
    while (this.#at < text.length) {
      const start = this.#at;
      const first = text.charCodeAt(start);
      if (this.#skipLf) {
        this.#skipLf = false;
        if (first === LF) {
          this.#at = start + 1;
          continue;
        }
      }
      const end = this.#lineEnd(start);
      this.#at = end + 1;
      if (text.charCodeAt(end) === CR) this.#skipLf = true;
      if (end > start) this.#line(text, start, end);
      else {
        const event = this.#dispatch();
        if (event) return event;
      }
    }
    return undefined;
  }

  /**
   * Call at the end of the bytes. WHATWG discards an unfinished event; many providers leave out the last blank line,
   * so for them the event is given as if it stood there. Call `next()` dry before.
   */
  end(): SseEvent | undefined {
    if (this.#restSize > 0) {
      this.push(Uint8Array.of(LF));
      const event = this.next();
      if (event) return event;
    }
    return this.#dispatch();
  }

  #hold(bytes: Uint8Array): void {
    this.#restSize += bytes.length;
    if (this.#restSize > MAX_EVENT_CHARS) throw new SseLimitError();
    // Not `slice`: a Buffer's is a view, and these bytes may be written over once `push` returns.
    this.#rest.push(new Uint8Array(bytes));
  }

  #takeRest(last: Uint8Array): string {
    const all = new Uint8Array(this.#restSize + last.length);
    let at = 0;
    for (const part of this.#rest) {
      all.set(part, at);
      at += part.length;
    }
    all.set(last, at);
    this.#rest = [];
    this.#restSize = 0;
    return utf8.decode(all);
  }

  /** Index of the line break at or after `start`; there is one, as only whole lines are decoded. */
  #lineEnd(start: number): number {
    const lf = this.#text.indexOf('\n', start);
    if (this.#nextCr >= 0 && this.#nextCr < start) this.#nextCr = this.#text.indexOf('\r', start);
    return this.#nextCr >= 0 && (lf < 0 || this.#nextCr < lf) ? this.#nextCr : lf;
  }

  #line(text: string, start: number, end: number): void {
    // `data` is nearly every line; anything else takes the general way.
    if (text.startsWith('data:', start)) {
      const value = text.slice(text.charCodeAt(start + 5) === 32 ? start + 6 : start + 5, end);
      if (this.#data === undefined) this.#data = value;
      else {
        if (this.#data.length + value.length > MAX_EVENT_CHARS) throw new SseLimitError();
        this.#data += `\n${value}`;
      }
      return;
    }
    const line = text.slice(start, end);
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #dispatch(): SseEvent | undefined {
    const data = this.#data;
    const event = this.#event;
    this.#data = undefined;
    this.#event = '';
    if (data === undefined) return undefined;
    return { event: event === '' ? 'message' : event, data, id: this.#id };
  }
}
