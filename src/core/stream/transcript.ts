import { createHash } from 'node:crypto';
import { CodePointCounter } from '../../protocol/code_point_counter.ts';

/**
 * Hash and count at this many UTF-16 units at a time: one native call for some fifty tokens instead of for each. Not more, as the
 * pieces that wait are what the garbage collector has to carry along for every open stream.
 */
const BATCH = 256;

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
  readonly #length = new CodePointCounter();
  #chunks = 0;

  add(text: string): void {
    this.#chunks += 1;
    this.#pending += text;
    if (this.#pending.length >= BATCH) this.#flush(false);
  }

  get chunks(): number {
    return this.#chunks;
  }

  /** Ends the transcript; nothing may be added after it. */
  finish(): TranscriptSummary {
    this.#flush(true);
    return { chunks: this.#chunks, length: this.#length.count, sha256: this.#hash.digest('hex') };
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
    this.#length.add(text);
    this.#hash.update(text, 'utf8');
  }
}
