import { createHash } from 'node:crypto';

/** Hash and count at this many UTF-16 units at a time: one native call for some hundred tokens instead of for each. */
const BATCH = 8192;

/** What the terminal event says of the whole text. */
export interface TranscriptSummary {
  chunks: number;
  /** Unicode code points. */
  length: number;
  /** Hex, of the UTF-8. */
  sha256: string;
}

/** Keeps count and checksum of a text that passes by, without keeping the text. */
export class Transcript {
  readonly #hash = createHash('sha256');
  #pending = '';
  #length = 0;
  #chunks = 0;

  add(text: string): void {
    this.#chunks += 1;
    this.#pending += text;
    if (this.#pending.length >= BATCH) this.#flush(false);
  }

  get chunks(): number {
    return this.#chunks;
  }

  /** Unicode code points so far. */
  get length(): number {
    return this.#length + codePoints(this.#pending);
  }

  /** Ends the transcript; nothing may be added after it. */
  finish(): TranscriptSummary {
    this.#flush(true);
    return { chunks: this.#chunks, length: this.#length, sha256: this.#hash.digest('hex') };
  }

  #flush(last: boolean): void {
    let text = this.#pending;
    this.#pending = '';
    // A surrogate pair cut by two chunks must be hashed as the one character that it is.
    const end = text.charCodeAt(text.length - 1);
    if (!last && end >= 0xd800 && end <= 0xdbff) {
      this.#pending = text.slice(-1);
      text = text.slice(0, -1);
    }
    this.#hash.update(text, 'utf8');
    this.#length += codePoints(text);
  }
}

function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    const high = text.charCodeAt(at);
    if (high < 0xd800 || high > 0xdbff) continue;
    const low = text.charCodeAt(at + 1);
    if (low >= 0xdc00 && low <= 0xdfff) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}
