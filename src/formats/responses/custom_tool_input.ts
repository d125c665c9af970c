import { CUSTOM_INPUT } from '../custom_tool.ts';

/** How arguments begin whose one member is the input. */
const START = new RegExp(`^\\s*\\{\\s*"${CUSTOM_INPUT}"\\s*:\\s*"`);

/** What has more characters before its input is something else. */
const MAX_START = 256;

/**
 * Takes the input of a custom tool out of the arguments of the function that stands for it, while they come in pieces:
 * `{"input":"…"}`.
 */
export class CustomToolInput {
  /** The input so far. */
  text = '';
  /** Of the arguments, what is not read yet; all of them before the input begins. */
  #rest = '';
  #state: 'before' | 'inside' | 'after' | 'other' = 'before';

  /** @param json a piece of the arguments @returns what it adds to the input */
  add(json: string): string {
    if (this.#state === 'after') return '';
    this.#rest += json;
    if (this.#state === 'other') return '';
    if (this.#state === 'before') {
      const start = START.exec(this.#rest);
      if (!start) {
        // Looked at with each piece, so not for ever.
        if (this.#rest.length > MAX_START) this.#state = 'other';
        return '';
      }
      this.#rest = this.#rest.slice(start[0].length);
      this.#state = 'inside';
    }
    const end = this.#end();
    const added = unescaped(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end);
    if (this.#rest.startsWith('"')) this.#state = 'after';
    this.text += added;
    return added;
  }

  /** The arguments are over. @returns what is still to be added: all of them, where a model wrote something else */
  finish(): string {
    if (this.#state !== 'before' && this.#state !== 'other') return '';
    this.#state = 'after';
    this.text = this.#rest;
    return this.#rest;
  }

  /** Where the input ends in what is not read: at its quote, or before an escape that is not whole. */
  #end(): number {
    const rest = this.#rest;
    let at = 0;
    while (at < rest.length && rest[at] !== '"') {
      const length = rest[at] !== '\\' ? 1 : rest[at + 1] === 'u' ? 6 : 2;
      if (at + length > rest.length) break;
      at += length;
    }
    return at;
  }
}

/** A model can write what is no JSON: that stays as it is. */
function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return text;
  }
}
