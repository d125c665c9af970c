import type { PoolState, PoolView } from '../../formats/cluster/cluster_view.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { EventLog } from '../observe/observers.ts';
import type { Slot, SlotStore, SlotVerdict } from './slot_store.ts';

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

/** 503: the limits are kept in Redis, it does not answer, and the deployment does not want a guess. */
export class LimitsUnknownError extends WeirError {
  constructor() {
    super('service_unavailable', {
      message: 'The limits cannot be checked while Redis is away; try again in a few seconds.',
      details: { reason: 'redis' },
      retryAfter: 5,
    });
  }
}

/**
 * Decides who may open a stream.
 *
 * With a store of scope `instance` the pool is PER INSTANCE: behind a balancer each of three instances grants one
 * user three streams, so that user has nine; a single instance grants three. With scope `cluster` the limits count
 * over all instances, whichever of them was asked.
 */
export class ConnectionPoolManager {
  readonly #store: SlotStore;
  readonly #log: EventLog;
  readonly #incarnation: string;
  readonly #permits = new Map<string, Permit>();
  #made = 0;

  /** @param incarnation names this incarnation of the instance; permit ids start with it */
  constructor(store: SlotStore, log: EventLog, incarnation: string) {
    this.#store = store;
    this.#log = log;
    this.#incarnation = incarnation;
    store.whenLost(({ permitId }) => this.#permits.get(permitId)?.lose());
  }

  /**
   * Takes a slot for `userId` or refuses. With a store in this process the decision falls before this returns.
   * @throws UserConnectionLimitError, ConnectionPoolExhaustedError, LimitsUnknownError
   */
  async acquireConnection(userId: string, threadId: string): Promise<Permit> {
    const about = { user_id: userId, thread_id: threadId };
    this.#log.info('CP.1', 'Attempting to acquire connection', about);
    this.#made += 1;
    const slot: Slot = { userId, permitId: `${this.#incarnation}-${this.#made.toString(36)}` };
    const taken = this.#store.take(slot);
    const verdict = taken instanceof Promise ? await taken : taken;
    if (!verdict.granted) throw this.#refusal(verdict, userId, about);
    this.#log.info('CP.1.4', 'Connection acquired', {
      ...about,
      user_connections: verdict.userConnections,
      total_connections: verdict.totalConnections,
    });
    return this.#permit(slot, about);
  }

  /**
   * Holds the slot of a stream that this instance took over from another one, under the name it had there. The limits
   * are not asked: the stream was admitted once.
   */
  async adoptConnection(userId: string, permitId: string, threadId: string): Promise<Permit> {
    const about = { user_id: userId, thread_id: threadId };
    const slot: Slot = { userId, permitId };
    await this.#store.adopt(slot);
    this.#log.info('CP.1.5', 'Connection adopted', about);
    return this.#permit(slot, about);
  }

  /** Whether decisions are guesses at the moment; health then says so. */
  failing(): boolean {
    return this.#store.failing();
  }

  /** This instance's part of a limit, for when it has to decide alone. */
  staticShare(limit: number): number {
    return this.#store.staticShare(limit);
  }

  view(): PoolView {
    return this.#store.view();
  }

  #permit(slot: Slot, about: { user_id: string; thread_id: string }): Permit {
    const permit = new Permit(slot, this.#store, (ended) => {
      if (this.#permits.get(slot.permitId) === ended) this.#permits.delete(slot.permitId);
      this.#log.info('CP.4', 'Connection released', about);
    });
    this.#permits.set(slot.permitId, permit);
    return permit;
  }

  #refusal(verdict: SlotVerdict & { granted: false }, userId: string, about: Record<string, unknown>): WeirError {
    if (verdict.limit === 'unknown') {
      this.#log.warn('CP.1.2', 'Limits cannot be checked', about);
      return new LimitsUnknownError();
    }
    const { limit, current, max } = verdict;
    if (limit === 'user') {
      this.#log.warn('CP.1.3', 'User connection limit exceeded', { ...about, current, max });
      return new UserConnectionLimitError(current, max, this.#store.view().scope, userId);
    }
    this.#log.warn('CP.1.2', 'Connection pool exhausted', { ...about, current, max });
    return new ConnectionPoolExhaustedError(current, max);
  }
}

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

  /** The pool reports that the slot is gone. */
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

/** healthy below 70 %, degraded below 90 %, critical below 100 %, exhausted at the limit. */
export function poolState(current: number, max: number): PoolState {
  if (current >= max) return 'exhausted';
  const share = current / max;
  if (share >= 0.9) return 'critical';
  if (share >= 0.7) return 'degraded';
  return 'healthy';
}
