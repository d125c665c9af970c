import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKey, keyIdOf } from '../../config/api_key.ts';
import { WeirError } from '../../formats/error_code.ts';

const MISSING = 'Send an API key, as "Authorization: Bearer …" or as "X-API-Key: …".';
const WRONG = 'This API key is not known here; check that all of it was copied.';
/** Compared with where there is no such id, so that an answer takes as long. */
const NO_KEY = '0'.repeat(64);

/** The keys that hold now. */
export class KeyRing {
  #keys: ReadonlyMap<string, ApiKey> = new Map();

  replace(keys: readonly ApiKey[]): void {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  get size(): number {
    return this.#keys.size;
  }

  get(id: string): ApiKey | undefined {
    return this.#keys.get(id);
  }

  /**
   * @param text as the client sent it; undefined where it sent none
   * @param now milliseconds since 1970
   * @throws WeirError unauthorized
   */
  check(text: string | undefined, now: number): ApiKey {
    if (text === undefined) throw new WeirError('unauthorized', { message: MISSING });
    const key = this.#keys.get(keyIdOf(text) ?? '');
    const given = Buffer.from(hash('sha256', text, 'hex'));
    const isSame = timingSafeEqual(given, Buffer.from(key?.sha256 ?? NO_KEY));
    if (!key || !isSame) throw new WeirError('unauthorized', { message: WRONG });
    if (key.revoked !== undefined) throw over(key.revoked, 'was revoked');
    if (key.expires !== undefined && now >= Date.parse(key.expires)) throw over(key.expires, 'expired');
    return key;
  }
}

/** Only who has the whole key hears this. */
function over(when: string, what: string): WeirError {
  return new WeirError('unauthorized', { message: `This API key ${what} on ${when.slice(0, 10)}; ask for a new one.` });
}
