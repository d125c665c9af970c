import type { PoolView } from '../../formats/cluster/cluster_view.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { EventLog } from '../observe/event_log.ts';
import { Permit } from './permit.ts';
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
  readonly #boot: string;
  readonly #permits = new Map<string, Permit>();
  #made = 0;

  /** @param boot names this incarnation of the instance; permit ids start with it */
  constructor(store: SlotStore, log: EventLog, boot: string) {
    this.#store = store;
    this.#log = log;
    this.#boot = boot;
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
    const slot: Slot = { userId, permitId: `${this.#boot}-${this.#made.toString(36)}` };
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
