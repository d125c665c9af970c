import type { ApiKey } from '../../config/api_key.ts';

/** Who asks: a key, or one of the users that it acts for. */
export interface Asker {
  key: ApiKey;
  /** As the key's holder names this user. */
  user: string | undefined;
  /** Whether a browser token was sent: it has its user's rights, and not those of its key. */
  byToken: boolean;
  /** Names the asker in slots, limits, streams, claims, the cache, usage and logs. */
  id: string;
}

/** Neither a key's id nor an encoded user has it. */
const BETWEEN = '/';

/** What a header holds without loss, in all clients and proxies. */
const USER = /^[\x20-\x7e]{1,200}$/;

export function isUserName(text: string): boolean {
  return USER.test(text);
}

/** Encoded, a user's name has none of the characters that separate names in keys of the stores. */
export function askerOf(key: ApiKey, user: string | undefined, byToken: boolean): Asker {
  return { key, user, byToken, id: user === undefined ? key.id : `${key.id}${BETWEEN}${encodeURIComponent(user)}` };
}

/** The key's id in an {@link Asker.id}. */
export function keyIdOfAsker(id: string): string {
  return id.split(BETWEEN, 1)[0] as string;
}

/** The user in an {@link Asker.id}; undefined where the key itself asked. */
export function userOfAsker(id: string): string | undefined {
  const at = id.indexOf(BETWEEN);
  return at < 0 ? undefined : decodeURIComponent(id.slice(at + 1));
}
