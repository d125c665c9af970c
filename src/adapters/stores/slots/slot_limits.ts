import { poolState } from '../../../core/resilience/connection_pool_manager.ts';
import type { SlotVerdict } from '../../../core/resilience/slot_store.ts';
import type { PoolView } from '../../../formats/cluster/cluster_view.ts';
import type { HeldSlots } from './held_slots.ts';

/** How many streams there may be at once, in all and of one user; where that is counted is the store's affair. */
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
