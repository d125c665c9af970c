import { hash, randomBytes } from 'node:crypto';
import { readJsonFile, writeJsonFile } from '../stack/json_file.ts';

/** How long a link may wait for its one use. */
export const LINK_SECONDS = 15 * 60;
/** How long a browser stays logged in. */
export const SESSION_SECONDS = 30 * 24 * 3600;
/** More links, or browsers, than these are a mistake; the oldest leaves. */
const MAX_EACH = 100;

/** Links that were given out, and browsers that came by one. Of what they hold, hashes are kept, and no more. */
export class Logins {
  readonly #file: string | undefined;
  readonly #now: () => number;
  /** Hash, and when it ends, in milliseconds; the oldest first. */
  readonly #codes = new Map<string, number>();
  readonly #sessions: Map<string, number>;

  /** `file` keeps the logins over a restart; its mode becomes 600. Undefined: they end with this process. */
  constructor(file: string | undefined, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    this.#sessions = new Map(file === undefined ? [] : sessionsIn(file));
  }

  /** A secret that {@link enter} takes once, within {@link LINK_SECONDS}. */
  newCode(): string {
    return this.#add(this.#codes, LINK_SECONDS);
  }

  /** A new session for the code of a link; undefined where the code is wrong, used or too old. */
  enter(code: string): string | undefined {
    const key = hash('sha256', code, 'hex');
    const ends = this.#codes.get(key);
    this.#codes.delete(key);
    if (ends === undefined || ends <= this.#now()) return undefined;
    const session = this.#add(this.#sessions, SESSION_SECONDS);
    this.#keep();
    return session;
  }

  holds(session: string): boolean {
    return (this.#sessions.get(hash('sha256', session, 'hex')) ?? 0) > this.#now();
  }

  #keep(): void {
    if (this.#file === undefined) return;
    try {
      writeJsonFile(this.#file, { version: 1, sessions: [...this.#sessions] });
    } catch {
      // A full disk costs logins at the next restart, and none now.
    }
  }

  #add(to: Map<string, number>, seconds: number): string {
    const now = this.#now();
    for (const [key, ends] of to) if (ends <= now || to.size >= MAX_EACH) to.delete(key);
    const secret = randomBytes(24).toString('base64url');
    to.set(hash('sha256', secret, 'hex'), now + seconds * 1000);
    return secret;
  }
}

function sessionsIn(file: string): [string, number][] {
  const kept = readJsonFile(file) as { sessions?: unknown } | undefined;
  if (!Array.isArray(kept?.sessions)) return [];
  return kept.sessions.filter((each): each is [string, number] => {
    return Array.isArray(each) && typeof each[0] === 'string' && typeof each[1] === 'number';
  });
}
