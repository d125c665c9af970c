import { WeirError } from '../../formats/error_code.ts';
import type { Slot, SlotStore } from './slot_store.ts';

/** 429, as an event: the stream runs, but its place belongs to another one now. */
export class PermitLostError extends WeirError {
  constructor() {
    super('too_many_connections', {
      message: 'This stream lost its place to another one of the same user; open it again.',
      details: { reason: 'place_lost' },
      retryAfter: 2,
    });
  }
}

/**
 * The right to hold one stream. It is a value: `await using permit = …` gives it back whatever ends the scope, and
 * giving it back twice is harmless. Nothing is ever counted down by hand.
 */
export class Permit implements AsyncDisposable {
  readonly slot: Slot;
  readonly #store: SlotStore;
  readonly #ended: (permit: Permit) => void;
  #over = false;
  #lost: PermitLostError | undefined;
  #onLost: ((error: PermitLostError) => void) | undefined;

  /** @param ended called once, when the permit is released or forgotten */
  constructor(slot: Slot, store: SlotStore, ended: (permit: Permit) => void) {
    this.slot = slot;
    this.#store = store;
    this.#ended = ended;
  }

  /** Registers who ends the stream when its slot is gone; called at once when it already is, and never after release. */
  onLost(callback: (error: PermitLostError) => void): void {
    this.#onLost = callback;
    if (this.#lost && !this.#over) callback(this.#lost);
  }

  /** The pool tells that the slot is gone. */
  lose(): void {
    if (this.#over || this.#lost) return;
    this.#lost = new PermitLostError();
    this.#onLost?.(this.#lost);
  }

  /** Says whether the stream has no reader; see {@link SlotStore.setDetached}. */
  async setDetached(detached: boolean): Promise<void> {
    if (!this.#over && !this.#lost) await this.#store.setDetached(this.slot, detached);
  }

  async release(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#store.release(this.slot);
    this.#ended(this);
  }

  /** Ends the permit without giving the slot back: another instance has adopted the stream, and holds it. */
  forget(): void {
    if (this.#over) return;
    this.#over = true;
    this.#store.forget(this.slot);
    this.#ended(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
