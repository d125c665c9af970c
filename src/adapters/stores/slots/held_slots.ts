import { poolState } from '../../../core/resilience/connection_pool_manager.ts';
import type { Slot, SlotVerdict } from '../../../core/resilience/slot_store.ts';
import type { PoolView } from '../../../formats/cluster/cluster_view.ts';

/** A slot that a stream of this process holds. Times are by `performance.now()`. */
export interface HeldPermit {
  slot: Slot;
  permitId: string;
  /** Since when its stream has no reader. */
  detachedSince: number | undefined;
  /** Whether Redis must take it regardless of the limit, because it was granted or due for renewal while Redis was away. */
  forced: boolean;
  /** When Redis was last asked about it and then confirmed it. */
  confirmedAt: number;
}

/** What one user holds in this process, in the order of taking. */
export interface HeldByUser {
  userId: string;
  permits: Map<string, HeldPermit>;
  /** When it is to be renewed. */
  dueAt: number;
}

/** The slots of this process, by user. */
export class HeldSlots {
  readonly #users = new Map<string, HeldByUser>();
  #total = 0;

  /** Slots held. */
  get total(): number {
    return this.#total;
  }

  /** Users that hold one. */
  get userCount(): number {
    return this.#users.size;
  }

  users(): Iterable<HeldByUser> {
    return this.#users.values();
  }

  user(userId: string): HeldByUser | undefined {
    return this.#users.get(userId);
  }

  countOf(userId: string): number {
    return this.#users.get(userId)?.permits.size ?? 0;
  }

  permit(slot: Slot): HeldPermit | undefined {
    return this.#users.get(slot.userId)?.permits.get(slot.permitId);
  }

  /** @param dueAt when the user is to be renewed, unless there is a time already */
  add(slot: Slot, facts: Pick<HeldPermit, 'forced' | 'confirmedAt'>, dueAt: number): HeldByUser {
    const { userId, permitId } = slot;
    const mine = this.#users.get(userId) ?? { userId, permits: new Map(), dueAt };
    this.#users.set(userId, mine);
    if (!mine.permits.has(permitId)) this.#total += 1;
    mine.permits.set(permitId, { slot, permitId, detachedSince: undefined, ...facts });
    return mine;
  }

  /** Whether it was there. */
  remove(slot: Slot): boolean {
    const mine = this.#users.get(slot.userId);
    if (!mine?.permits.delete(slot.permitId)) return false;
    this.#total -= 1;
    if (mine.permits.size === 0) this.#users.delete(slot.userId);
    return true;
  }

  /**
   * The slots to evict so that the user can take one more and hold at most `limit`: none if there is room, undefined if too
   * few are detached. Streams that lost their readers first are evicted first.
   */
  givingWay(userId: string, limit: number): Slot[] | undefined {
    const excess = this.countOf(userId) + 1 - limit;
    if (excess <= 0) return [];
    const detached = [...(this.#users.get(userId)?.permits.values() ?? [])]
      .filter((permit) => permit.detachedSince !== undefined)
      .sort((a, b) => (a.detachedSince ?? 0) - (b.detachedSince ?? 0));
    return detached.length < excess ? undefined : detached.slice(0, excess).map((permit) => permit.slot);
  }
}

/** How many streams there may be at once, in all and of one user. The store decides over which instances that is counted. */
export interface SlotLimits {
  maxConnections: number;
  maxConnectionsPerUser: number;
  /** The limit of a user who has one of its own. */
  ownLimit?: (userId: string) => number | undefined;
}

/** Streams that this user may have at once. */
export function limitOfUser({ maxConnectionsPerUser, ownLimit }: SlotLimits, userId: string): number {
  return ownLimit?.(userId) ?? maxConnectionsPerUser;
}

export function refused(limit: 'user' | 'total', current: number, max: number): SlotVerdict {
  return { granted: false, limit, current, max };
}

/** @param used connections that count against the total */
export function poolView(limits: SlotLimits, held: HeldSlots, used: number, scope: PoolView['scope']): PoolView {
  return {
    state: poolState(used, limits.maxConnections),
    total_connections: held.total,
    max_connections: limits.maxConnections,
    max_connections_per_user: limits.maxConnectionsPerUser,
    users: held.userCount,
    scope,
  };
}
