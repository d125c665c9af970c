import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKey, keyIdOf } from '../../config/api_key.ts';
import { WeirError } from '../../formats/error_code.ts';
import { type Asker, askerOf, keyIdOfAsker } from './asker.ts';
import { parseToken, userOfToken } from './browser_token.ts';

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

  /** The key that asked, or that acts for the user who did. @param id as {@link Asker.id} */
  ofAsker(id: string): ApiKey | undefined {
    return this.#keys.get(keyIdOfAsker(id));
  }

  /**
   * @param text a key or a browser token, as the client sent it; undefined where it sent none
   * @param now milliseconds since 1970
   * @throws WeirError unauthorized
   */
  check(text: string | undefined, now: number): Asker {
    if (text === undefined) throw new WeirError('unauthorized', { message: MISSING });
    const token = parseToken(text);
    const key = this.#keys.get(token?.keyId ?? keyIdOf(text) ?? '');
    if (token) {
      const user = userOfToken(token, key, now);
      mustHold(key as ApiKey, now, 'The key of this browser token');
      return askerOf(key as ApiKey, user, true);
    }
    const given = Buffer.from(hash('sha256', text, 'hex'));
    const isSame = timingSafeEqual(given, Buffer.from(key?.sha256 ?? NO_KEY));
    if (!key || !isSame) throw new WeirError('unauthorized', { message: WRONG });
    mustHold(key, now, 'This API key');
    return askerOf(key, undefined, false);
  }
}

/** Only who has the whole key, or a token of it, hears this. @throws WeirError unauthorized */
function mustHold({ revoked, expires }: ApiKey, now: number, which: string): void {
  if (revoked !== undefined) throw over(which, revoked, 'was revoked');
  if (expires !== undefined && now >= Date.parse(expires)) throw over(which, expires, 'expired');
}

function over(which: string, when: string, what: string): WeirError {
  return new WeirError('unauthorized', { message: `${which} ${what} on ${when.slice(0, 10)}; ask for a new one.` });
}
