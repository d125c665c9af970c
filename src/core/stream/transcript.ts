import { createHash } from 'node:crypto';
import { CodePointCounter } from '../../formats/weir/code_point_counter.ts';

/** Hash this many bytes at a time: one native call for some fifty tokens instead of for each. */
const BATCH = 256;
/** UTF-8 of one UTF-16 unit, at most; of a pair, which is two units, it is four. */
const BYTES_PER_UNIT = 3;

/** What the terminal event says of the whole text. */
export interface TranscriptSummary {
  chunks: number;
  /** Unicode code points. */
  length: number;
  /** Hex, of the UTF-8. */
  sha256: string;
}

/**
 * Keeps count and checksum of a text that passes by, without keeping the text. Tokens wait as bytes: joined strings
 * would be read from memory once more when they are hashed, long after they left the processor's caches.
 */
export class Transcript {
  readonly #hash = createHash('sha256');
  /** Not of Node's pool: there so small a piece holds a whole slab, with what else was in it. */
  readonly #batch = Buffer.allocUnsafeSlow(BATCH);
  #size = 0;
  #chunks = 0;
  /** Of those bytes, and before them, characters that are one byte each. */
  #ascii = 0;
  readonly #others = new CodePointCounter();
  /** The first half of a surrogate pair that was cut by two chunks: hashed as the one character that it is. */
  #half = '';

  add(text: string): void {
    this.#chunks += 1;
    const { length } = text;
    if (this.#half === '' && this.#size + length <= BATCH) {
      const batch = this.#batch;
      const start = this.#size;
      let at = 0;
      for (; at < length; at += 1) {
        const unit = text.charCodeAt(at);
        if (unit > 0x7f) break;
        batch[start + at] = unit;
      }
      if (at === length) {
        this.#size = start + length;
        this.#ascii += length;
        return;
      }
    }
    this.#addAny(this.#half + text);
  }

  get chunks(): number {
    return this.#chunks;
  }

  /** Unicode code points so far. */
  get length(): number {
    return this.#ascii + this.#others.count;
  }

  /** Ends the transcript; nothing may be added after it. */
  finish(): TranscriptSummary {
    this.#write(this.#half);
    this.#flush();
    return { chunks: this.#chunks, length: this.length, sha256: this.#hash.digest('hex') };
  }

  #addAny(text: string): void {
    const last = text.charCodeAt(text.length - 1);
    this.#half = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : '';
    this.#write(this.#half === '' ? text : text.slice(0, -1));
  }

  #write(text: string): void {
    this.#others.add(text);
    const most = text.length * BYTES_PER_UNIT;
    if (this.#size + most > BATCH) this.#flush();
    if (most > BATCH) this.#hash.update(text, 'utf8');
    else this.#size += this.#batch.write(text, this.#size, 'utf8');
  }

  #flush(): void {
    if (this.#size > 0) this.#hash.update(this.#batch.subarray(0, this.#size));
    this.#size = 0;
  }
}
