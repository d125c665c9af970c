import { WeirError } from './error_code.ts';
import type { WriteTarget } from './format.ts';
import type { GenerationRequest, Message } from './generation_request.ts';

/** Why some fields have no place anywhere else, and what to do. */
const REASONS = new Map([
  ['previous_response_id', 'answers are not stored for this provider; send the whole conversation in "input"'],
  ['conversation', 'conversations are not stored for this provider; send the whole conversation in "input"'],
  ['background', 'this provider answers only while the client waits; send false'],
  ['truncation', 'this provider does not shorten the input; send "disabled"'],
  ['n', 'this provider gives one answer; send 1, or send the request several times'],
]);

const NOTHING_LIKE_IT = 'this provider has nothing like it; leave it out';

/** A body may hold thousands of what has to be refused, with names of any length. */
const MAX_SAID = 5;
const MAX_FIELDS = 100;
const MAX_NAME = 100;

/** Members of a chat message that hold what was said. */
const ESSENTIAL = new Set(['audio']);
/** Members that others say otherwise, or need not know. */
const SILENT = new Set(['role', 'annotations']);

/** What a request loses in another format: what is left out without harm, and what has to be refused. */
export class RequestLosses {
  readonly #request: GenerationRequest;
  readonly #dropped: Set<string>;
  readonly #refused: Map<string, string>;

  constructor(request: GenerationRequest) {
    this.#request = request;
    this.#dropped = new Set(request.ignored);
    this.#refused = new Map();
    for (const field of request.unread) {
      this.refuse(field, request.reasons?.get(field) ?? REASONS.get(field) ?? NOTHING_LIKE_IT);
    }
  }

  /** Leaves members out, where the request has them. */
  drop(...members: (keyof GenerationRequest)[]): void {
    for (const member of members) {
      if (this.#request[member] !== undefined) this.#dropped.add(this.name(member));
    }
  }

  /** @param field its path in the client's body */
  dropField(field: string): void {
    this.#dropped.add(field);
  }

  /** @param field its path in the client's body; @param reason why, and what to do */
  refuse(field: string, reason: string): void {
    this.#refused.set(field, reason);
  }

  /** Leaves out members of a message that only chat has. */
  loseMembers({ at, more }: Message): void {
    for (const name of Object.keys(more ?? {})) {
      if (ESSENTIAL.has(name)) this.refuse(`${at}.${name}`, NOTHING_LIKE_IT);
      else if (!SILENT.has(name)) this.dropField(`${at}.${name}`);
    }
  }

  /** What the client calls a member. */
  name(member: keyof GenerationRequest): string {
    return this.#request.names[member] ?? member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }

  /**
   * @returns the fields that were left out, by their paths
   * @throws WeirError not_supported, which names every field that had to be refused
   */
  settle({ provider }: WriteTarget): readonly string[] {
    if (this.#refused.size === 0) return [...this.#dropped];
    const all = [...this.#refused].map(([field, message]) => ({ field: field.slice(0, MAX_NAME), message }));
    const said = all.slice(0, MAX_SAID).map(({ field, message }) => `"${field}": ${message}`);
    const more = all.length > MAX_SAID ? `. And ${all.length - MAX_SAID} more` : '';
    throw new WeirError('not_supported', {
      message: `Provider "${provider}" can't take this request. ${said.join('. ')}${more}.`,
      details: { fields: all.slice(0, MAX_FIELDS), provider },
    });
  }
}
