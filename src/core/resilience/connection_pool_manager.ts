import type { PoolView } from '../../protocol/cluster_view.ts';
import { WeirError } from '../../protocol/error_code.ts';
import type { EventLog } from '../observe/event_log.ts';
import type { Slot, SlotStore } from './slot_store.ts';

/** 503: this deployment, or this instance, holds as many streams as it may. */
export class ConnectionPoolExhaustedError extends WeirError {
  constructor(current: number, max: number) {
    super('service_unavailable', {
      message: `All ${max} connections are in use; try again in a few seconds.`,
      details: { reason: 'pool_exhausted', current, max },
      retryAfter: 5,
    });
  }
}

/** 429: this user holds as many streams as one user may. */
export class UserConnectionLimitError extends WeirError {
  constructor(current: number, max: number, scope: PoolView['scope'], userId: string) {
    super('too_many_connections', {
      message: `Too many concurrent connections. Maximum ${max} allowed.`,
      details: { current, max, scope, user_id: userId },
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
  readonly #release: (slot: Slot) => void | Promise<void>;
  #released = false;

  constructor(slot: Slot, release: (slot: Slot) => void | Promise<void>) {
    this.slot = slot;
    this.#release = release;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#release(this.slot);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/**
 * Decides who may open a stream.
 *
 * With a store of scope `instance` the pool is PER INSTANCE: behind a balancer each of three instances grants one
 * user three streams, so that user has nine; a single instance grants three.
 */
export class ConnectionPoolManager {
  readonly #store: SlotStore;
  readonly #log: EventLog;
  readonly #boot: string;
  #made = 0;

  /** @param boot names this incarnation of the instance; permit ids start with it */
  constructor(store: SlotStore, log: EventLog, boot: string) {
    this.#store = store;
    this.#log = log;
    this.#boot = boot;
  }

  /**
   * Takes a slot for `userId` or refuses. With a store in this process the decision falls before this returns.
   * @throws UserConnectionLimitError, ConnectionPoolExhaustedError
   */
  async acquireConnection(userId: string, threadId: string): Promise<Permit> {
    const about = { user_id: userId, thread_id: threadId };
    this.#log.info('CP.1', 'Attempting to acquire connection', about);
    this.#made += 1;
    const slot: Slot = { userId, permitId: `${this.#boot}-${this.#made.toString(36)}` };
    const taken = this.#store.take(slot);
    const verdict = taken instanceof Promise ? await taken : taken;
    if (!verdict.granted) {
      const { limit, current, max } = verdict;
      if (limit === 'user') {
        this.#log.warn('CP.1.3', 'User connection limit exceeded', { ...about, current, max });
        throw new UserConnectionLimitError(current, max, this.#store.view().scope, userId);
      }
      this.#log.warn('CP.1.2', 'Connection pool exhausted', { ...about, current, max });
      throw new ConnectionPoolExhaustedError(current, max);
    }
    this.#log.info('CP.1.4', 'Connection acquired', {
      ...about,
      user_connections: verdict.userConnections,
      total_connections: verdict.totalConnections,
    });
    return new Permit(slot, async (held) => {
      await this.#store.release(held);
      this.#log.info('CP.4', 'Connection released', about);
    });
  }

  view(): PoolView {
    return this.#store.view();
  }
}
