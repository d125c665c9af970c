import { WeirError } from '../../formats/error_code.ts';

/** Attaching takes no slot, so it has a bound of its own. */
const MAX_READERS = 10;

/** How many attached readers each user has on this instance. */
export class ReaderCounts {
  readonly #counts = new Map<string, number>();

  /** One more reader, until it is disposed of. @throws WeirError too_many_connections */
  take(userId: string): Disposable {
    const count = this.#counts.get(userId) ?? 0;
    if (count >= MAX_READERS) {
      const message = `Too many attached readers. Maximum ${MAX_READERS} allowed; close one and try again.`;
      const details = { current: count, max: MAX_READERS, scope: 'readers', user_id: userId };
      throw new WeirError('too_many_connections', { message, details, retryAfter: 2 });
    }
    this.#counts.set(userId, count + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#counts.get(userId) ?? 1) - 1;
        if (left > 0) this.#counts.set(userId, left);
        else this.#counts.delete(userId);
      },
    };
  }
}
