import { WeirError } from './error_code.ts';
import type { WriteTarget } from './format.ts';
import type { GenerationRequest } from './generation_request.ts';

/** What a request loses in another format: what is left out without harm, and what has to be refused. */
export class RequestLosses {
  readonly #request: GenerationRequest;
  readonly #dropped: Set<string>;
  readonly #refused: { field: string; message: string }[];

  constructor(request: GenerationRequest) {
    this.#request = request;
    this.#dropped = new Set(request.ignored);
    this.#refused = request.unread.map((field) => ({ field, message: 'this provider has no field for it' }));
  }

  /** Leaves a member out, where the request has it. */
  drop(...members: (keyof GenerationRequest)[]): void {
    for (const member of members) {
      if (this.#request[member] !== undefined) this.#dropped.add(this.name(member));
    }
  }

  /** @param field its path, as the client wrote it */
  dropField(field: string): void {
    this.#dropped.add(field);
  }

  /** @param message why, and what to do */
  refuse(field: string, message: string): void {
    this.#refused.push({ field, message });
  }

  /** What the client calls a member. */
  name(member: keyof GenerationRequest): string {
    return this.#request.names[member] ?? member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }

  /**
   * @returns the fields that were left out, by their paths
   * @throws WeirError validation_error, which names every field that had to be refused
   */
  settle({ provider }: WriteTarget): readonly string[] {
    if (this.#refused.length === 0) return [...this.#dropped];
    const names = this.#refused.map(({ field }) => field).join(', ');
    throw new WeirError('validation_error', {
      message: `Provider "${provider}" can't do this: ${names}; leave it out, or use a model of another provider. details.fields says why.`,
      details: { fields: this.#refused, provider },
    });
  }
}
