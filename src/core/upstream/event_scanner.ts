import { WeirError } from '../../formats/error_code.ts';
import type { EventParser } from '../../formats/event_parser.ts';
import { isJson } from '../../formats/json_object.ts';
import { MAX_EVENT_CHARS } from '../../formats/sse/sse_decoder.ts';

const LF = 10;
/** No event has ended in what came. */
const NONE = -1;
/** U+FEFF in UTF-8, one character a byte. */
const BOM = '\u00ef\u00bb\u00bf';

/**
 * Finds the borders of events in bytes cut anywhere, and shows each event's data to a parser; the bytes themselves are
 * never changed. What it gives out ends at a border, so that a comment or an error can follow at any time, and half an
 * event never reaches a client. One character is one byte (Latin-1): borders and JSON's own signs are ASCII.
 */
export class EventScanner {
  readonly #parser: Pick<EventParser, 'read' | 'complete'>;
  /** Bytes of an event that has no end yet. Strings that grow are joined by V8 only when they are read. */
  #held = '';
  /** The part of its last line that has come. */
  #line = '';
  #data: string | undefined;
  #first = true;
  #afterCr = false;
  /** Whether this stream ends its lines with both: then the second half of the last one is waited for. */
  #crlf = false;
  #borderAtLf = false;
  /** Pieces of the answer in what was given out last. */
  pieces = 0;
  /** Whether other events were given out last: few, and what is in them is not known. */
  others = false;
  /** Whether the answer has begun, but for its pieces. */
  begun = false;
  /** Set by a parser whose consumer is full: the events after this one wait for {@link resume}. */
  isPaused = false;
  /** What came after a pause. */
  #unread = '';
  /** What ended the stream, once something has; what comes after it is not looked at. */
  terminal: 'end' | 'error' | 'broken' | undefined;

  constructor(parser: Pick<EventParser, 'read' | 'complete'>) {
    this.#parser = parser;
  }

  /** @returns the events that are whole now, as they came. @throws WeirError upstream_protocol: no border in 16 MiB */
  push(bytes: string): string {
    let text = bytes;
    if (this.#unread !== '') {
      text = this.#unread + text;
      this.#unread = '';
    }
    this.pieces = 0;
    this.others = false;
    let border = NONE;
    let at = 0;
    let cr = text.indexOf('\r');
    while (at < text.length && this.terminal === undefined && !this.isPaused) {
      if (this.#afterCr) {
        this.#afterCr = false;
        if (text.charCodeAt(at) === LF) {
          this.#crlf = true;
          at += 1;
        }
        if (this.#borderAtLf) {
          this.#borderAtLf = false;
          border = this.#dispatch(at, border);
        }
        continue;
      }
      const lf = text.indexOf('\n', at);
      if (cr >= 0 && cr < at) cr = text.indexOf('\r', at);
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
      if (end < 0) {
        this.#line += text.slice(at);
        break;
      }
      this.#afterCr = end === cr;
      const line = this.#line === '' ? text.slice(at, end) : this.#line + text.slice(at, end);
      this.#line = '';
      at = end + 1;
      if (line !== '') this.#read(line);
      else if (this.#afterCr && (at < text.length ? text.charCodeAt(at) === LF : this.#crlf)) this.#borderAtLf = true;
      else border = this.#dispatch(at, border);
    }
    if (this.isPaused && this.terminal === undefined && at < text.length) {
      this.#unread = text.slice(at);
      text = text.slice(0, at);
    }
    return this.#give(text, border);
  }

  /** Reads on after a pause. @returns as {@link push} */
  resume(): string {
    this.isPaused = false;
    return this.#unread === '' ? '' : this.push('');
  }

  /** Whether something waits for {@link resume}. */
  get hasUnread(): boolean {
    return this.#unread !== '';
  }

  /**
   * The bytes have ended. Many providers leave out the last blank line: an event that is whole counts without it.
   * @returns what was still held; undefined where the answer was cut off, or its last event is `broken`
   */
  end(): string | undefined {
    if (this.terminal !== undefined) return this.terminal === 'broken' ? undefined : '';
    if (this.#line !== '') this.#read(this.#line);
    const data = this.#data;
    if (data !== undefined && data !== '[DONE]' && !isJson(data)) return undefined;
    this.#dispatch(0, 0);
    if (this.terminal === 'broken') return undefined;
    return this.terminal !== undefined || this.#parser.complete ? this.#held : undefined;
  }

  #read(given: string): void {
    let line = given;
    if (this.#first) {
      this.#first = false;
      if (line.startsWith(BOM)) line = line.slice(BOM.length);
    }
    if (!line.startsWith('data')) return;
    if (line.length > 4 && line.charCodeAt(4) !== 58) return;
    const value = line.slice(line.charCodeAt(5) === 32 ? 6 : 5);
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  /** @returns the border of what may be given out: `at`, or `before` where this is no event */
  #dispatch(at: number, before: number): number {
    const data = this.#data;
    this.#data = undefined;
    if (data === undefined) return at;
    const sight = this.#parser.read(data);
    if (sight === 'piece') this.pieces += 1;
    else if (sight === 'begun') this.begun = true;
    else if (sight === 'none') this.others = true;
    else this.terminal = sight;
    return sight === 'broken' ? before : at;
  }

  #give(text: string, border: number): string {
    // Nearly every read is whole events, and then it goes out as the string that it is.
    if (border === text.length && this.#held === '') return text;
    if (border !== NONE) {
      const whole = this.#held + text.slice(0, border);
      this.#held = this.terminal === undefined ? text.slice(border) : '';
      return whole;
    }
    this.#held += text;
    if (this.#held.length > MAX_EVENT_CHARS) throw new WeirError('upstream_protocol');
    return '';
  }
}
