import type { Dispatcher } from 'undici';

const CR = 13;
const LF = 10;
/** More digits than a read of 64 KiB has use for; a longer chunk does not come whole anyway. */
const MAX_DIGITS = 6;

/**
 * The framing of a chunked body (RFC 9112, section 7.1), read just far enough to know where chunks begin. A parser that
 * stands between two chunks is the same before and after a chunk: one that came whole can pass it by. A token nearly
 * always comes so. All else (the head, chunks in pieces, extensions, the end, what makes no sense) is the parser's, and
 * so it also says what is wrong.
 */
export class ChunkedBody {
  readonly #controller: Dispatcher.DispatchController;
  readonly #handler: Dispatcher.DispatchHandler;
  /** Bytes until the next chunk begins; infinite where that is not known any more. */
  #left = 0;
  #size = 0;

  constructor(controller: Dispatcher.DispatchController, handler: Dispatcher.DispatchHandler) {
    this.#controller = controller;
    this.#handler = handler;
  }

  /**
   * Gives the handler the data of whole chunks, as views that hold until it returns.
   * @returns how many bytes those chunks took; the others are the parser's, and to be followed
   */
  pass(bytes: Buffer): number {
    if (this.#left !== 0) return 0;
    let at = 0;
    while (at < bytes.length && !this.#controller.paused) {
      const data = this.#dataOf(bytes, at);
      const end = data + this.#size;
      if (this.#size <= 0 || bytes[end] !== CR || bytes[end + 1] !== LF) break;
      at = end + 2;
      try {
        this.#handler.onResponseData?.(this.#controller, bytes.subarray(data, end));
      } catch (error) {
        this.#controller.abort(error as Error);
      }
      if (this.#controller.aborted) return bytes.length;
    }
    return at;
  }

  /** Bytes that the parser reads. @returns whether the body goes on */
  follow(bytes: Buffer, from: number): boolean {
    let at = from;
    while (at < bytes.length) {
      if (this.#left === 0) {
        const data = this.#dataOf(bytes, at);
        this.#left = this.#size > 0 ? data + this.#size + 2 - at : Number.POSITIVE_INFINITY;
        if (this.#size === 0) return false;
      }
      const step = Math.min(this.#left, bytes.length - at);
      this.#left -= step;
      at += step;
    }
    return true;
  }

  /** @returns where the data of the chunk at `at` begins; its size is -1 when that does not stand there plainly */
  #dataOf(bytes: Buffer, at: number): number {
    let size = 0;
    let digits = 0;
    for (; digits < MAX_DIGITS; digits += 1) {
      const code = bytes[at + digits] as number;
      if (code >= 48 && code <= 57) size = size * 16 + code - 48;
      else if ((code | 32) >= 97 && (code | 32) <= 102) size = size * 16 + (code | 32) - 87;
      else break;
    }
    const data = at + digits + 2;
    this.#size = digits > 0 && bytes[data - 2] === CR && bytes[data - 1] === LF ? size : -1;
    return data;
  }
}
