import { hash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { readJsonFile, writeJsonFile } from '../stack/json_file.ts';
import { plainPage } from './plain_pages.ts';

/** How long a link is valid. It works once. */
export const LINK_SECONDS = 15 * 60;
/** How long a browser stays logged in. */
export const SESSION_SECONDS = 30 * 24 * 3600;
/** Bound of links and of sessions; the oldest is removed. */
const MAX_EACH = 100;

/** Valid links and logged-in browsers. Only hashes of their secrets are stored. */
export class Logins {
  readonly #file: string | undefined;
  readonly #now: () => number;
  /** Hash and expiry in milliseconds, oldest first. */
  readonly #codes = new Map<string, number>();
  readonly #sessions: Map<string, number>;

  /** @param file keeps the logins over a restart, with mode 600; undefined: they end with this process */
  constructor(file: string | undefined, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    this.#sessions = new Map(file === undefined ? [] : sessionsIn(file));
  }

  /** A secret that {@link enter} takes once, within {@link LINK_SECONDS}. */
  newCode(): string {
    return this.#add(this.#codes, LINK_SECONDS);
  }

  /** A new session for the code of a link; undefined if the code is wrong, used or expired. */
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
      // Logins that cannot be saved (a full disk) last until the next restart.
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

const NEW_LINK = 'To get a new link, run this on the machine of the stack: <code>./weir dashboard</code>';

/** Links that log a browser in: `POST /api/logins` creates one, `GET /login` uses it. */
export function registerLogins(app: FastifyInstance, logins: Logins, cookieFor: (session: string) => string): void {
  app.post('/api/logins', async (_request, reply) => {
    const path = `/login?code=${logins.newCode()}`;
    return reply.code(201).header('cache-control', 'no-store').send({ path, expires_in_seconds: LINK_SECONDS });
  });

  // Only GET uses the code: programs that preview links send HEAD.
  app.get<{ Querystring: { code?: string | string[] } }>(
    '/login',
    { exposeHeadRoute: false },
    async ({ query: { code } }, reply) => {
      reply.header('cache-control', 'no-store');
      const session = typeof code === 'string' ? logins.enter(code) : undefined;
      if (session !== undefined) return reply.header('set-cookie', cookieFor(session)).redirect('/', 303);
      const page =
        code === undefined
          ? plainPage('Log in with a link', NEW_LINK)
          : plainPage(
              'This link is no longer valid',
              'It was already used, is older than 15 minutes, or was not copied completely. Each link works once.',
              NEW_LINK,
            );
      return reply.code(403).type('text/html; charset=utf-8').send(page);
    },
  );
}
