import { hash } from 'node:crypto';

/** The keys of one user's slots. */
export interface UserKeys {
  slots: string;
  detached: string;
}

/**
 * The same hash tag in both keys, so that one script can touch both on a Redis Cluster. The user stands there as a
 * hash: names of users may be long, and are nobody's business in Redis.
 */
export function userKeys(userId: string): UserKeys {
  const tag = hash('sha256', userId, 'base64url').slice(0, 22);
  return { slots: `weir:slots:{${tag}}`, detached: `weir:detached:{${tag}}` };
}
