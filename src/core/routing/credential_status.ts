import type { WeirError } from '../../formats/error_code.ts';
import { isAboutKey, refusesOurAccount } from './attempt_failure.ts';

/** A key that was refused is asked again after so long, where another one could be asked meanwhile … */
const REFUSED_MS = 5_000;
/** … and one that is at its limit after its Retry-After, but not sooner or later than this. */
const LIMITED_MS = { least: 1_000, most: 60_000 };

/**
 * Whether a provider takes a key of this deployment, as its last answers had it. It is still asked: only another
 * request can show that it takes the key again.
 */
export class CredentialStatus {
  /** Where the key is: a variable, or a file. */
  readonly place: string;
  readonly #provider: string;
  readonly #now: () => number;
  #refusedWith: number | undefined;
  #avoidedUntil = 0;

  /** @param now milliseconds by a clock that is never set */
  constructor(provider: string, place: string, now: () => number = () => performance.now()) {
    this.#provider = provider;
    this.place = place;
    this.#now = now;
  }

  /** Whether the key was refused, or at its limit, a moment ago: another one should be asked first. */
  get isAvoided(): boolean {
    return this.#avoidedUntil > 0 && this.#now() < this.#avoidedUntil;
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
    if (isNew) this.#avoidedUntil = 0;
    this.#refusedWith = undefined;
    return isNew;
  }

  /** A request failed. @returns whether that is a first refusal of the key */
  failed(error: WeirError): boolean {
    if (!isAboutKey(error)) return false;
    const isRefusal = refusesOurAccount(error);
    this.#avoidedUntil = this.#now() + (isRefusal ? REFUSED_MS : limitedMs(error));
    if (!isRefusal) return false;
    const isNew = this.#refusedWith === undefined;
    this.#refusedWith = Number(error.details.status);
    return isNew;
  }
}

function limitedMs({ retryAfter = 0 }: WeirError): number {
  return Math.min(Math.max(retryAfter * 1000, LIMITED_MS.least), LIMITED_MS.most);
}
