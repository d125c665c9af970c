import type { WeirError } from '../../formats/error_code.ts';
import { refusesOurAccount } from './attempt_failure.ts';

/**
 * Whether a provider takes the key of this deployment, as its last answers had it. It is still asked: only another
 * request can show that it takes the key again.
 */
export class CredentialStatus {
  /** Where the key is: a variable, or a file. */
  readonly place: string;
  readonly #provider: string;
  #refusedWith: number | undefined;

  constructor(provider: string, place: string) {
    this.#provider = provider;
    this.place = place;
  }

  /** Status of the refusal; undefined where none is known. */
  get refusedWith(): number | undefined {
    return this.#refusedWith;
  }

  /** What the last refusal means, in one sentence without the key; undefined where none is known. */
  refusal(): string | undefined {
    if (this.#refusedWith === undefined) return undefined;
    const { place } = this;
    return `The provider ${this.#provider} refused the key or account of this deployment (${this.#refusedWith}); check ${place}.`;
  }

  /** A request was answered. @returns whether the key was refused before */
  accepted(): boolean {
    const isNew = this.#refusedWith !== undefined;
    this.#refusedWith = undefined;
    return isNew;
  }

  /** A request failed. @returns whether that is a first refusal of the key */
  failed(error: WeirError): boolean {
    if (!refusesOurAccount(error)) return false;
    const isNew = this.#refusedWith === undefined;
    this.#refusedWith = Number(error.details.status);
    return isNew;
  }
}
