import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { type Logins, SESSION_SECONDS } from './logins.ts';
import { isOwnAccount } from './socket_owner.ts';

/** What is wrong with a request, as it is answered. */
export interface Refusal {
  status: 401 | 403;
  error: 'login_required' | 'forbidden';
  message: string;
}

const LOG_IN: Refusal = {
  status: 401,
  error: 'login_required',
  message: 'Log in first: run "./weir dashboard" on the machine of the stack, and open the link that it gives.',
};

/** Everything that lets somebody in. */
export interface Secrets {
  logins: Logins;
  /** For programs of the stack's account. */
  token: string;
  /** Asked anew each time; undefined where clients need no key. */
  operatorKey: () => string | undefined;
  /** Keeps this console's cookie apart from those of others on the same host, whatever their port. */
  cookieName: string;
}

/** Who may what at one surface of the console. */
export class ConsoleAccess {
  readonly #surface: 'local' | 'proxied';
  readonly #secrets: Secrets;

  constructor(surface: 'local' | 'proxied', secrets: Secrets) {
    this.#surface = surface;
    this.#secrets = secrets;
  }

  /**
   * Why a request is not let in; undefined where it is. Call it where the `Host` header is known to name this machine,
   * or NGINX has set it.
   */
  async refusal(request: FastifyRequest): Promise<Refusal | undefined> {
    const access = routeAccess(request.method, request.routeOptions.url);
    if (access === 'open') return undefined;
    const problem = access === 'change' ? this.#changeProblem(request.headers) : readProblem(request.headers);
    if (problem !== undefined) return { status: 403, error: 'forbidden', message: problem };
    return (await this.knows(request)) ? undefined : LOG_IN;
  }

  /** Whether a request comes from somebody who may see and change everything. */
  async knows({ headers, raw }: FastifyRequest): Promise<boolean> {
    if (this.#hasSecret(headers)) return true;
    const names = [this.#secrets.cookieName, secureName(this.#secrets.cookieName)];
    for (const part of (headers.cookie ?? '').split(';')) {
      const [name = '', value = ''] = part.trim().split('=', 2);
      if (names.includes(name) && this.#secrets.logins.holds(value)) return true;
    }
    // Behind NGINX the other end is NGINX, for every client.
    return this.#surface === 'local' && isOwnAccount(raw.socket);
  }

  /** Keeps a browser logged in at this surface, and where it is one host at the other too. */
  cookieFor(session: string): string {
    const isSecure = this.#surface === 'proxied';
    // Another name where it is only for TLS: plain HTTP may not replace such a cookie.
    const name = isSecure ? secureName(this.#secrets.cookieName) : this.#secrets.cookieName;
    const end = isSecure ? '; Secure' : '';
    return `${name}=${session}; Path=/; Max-Age=${SESSION_SECONDS}; HttpOnly; SameSite=Strict${end}`;
  }

  #hasSecret(headers: IncomingHttpHeaders): boolean {
    if (isSame(headers['x-console-token'], this.#secrets.token)) return true;
    const given = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
    return given !== undefined && isSame(given, this.#secrets.operatorKey());
  }

  /**
   * Another site's page can send requests to this machine, but neither with this console's Origin nor with a secret of
   * its account; and `application/json` it can't send unasked.
   */
  #changeProblem(headers: IncomingHttpHeaders): string | undefined {
    const type = headers['content-type'] ?? '';
    if (!/^application\/json(;|$)/i.test(type)) return 'Send it with Content-Type: application/json.';
    if (headers.origin !== undefined) {
      const scheme = this.#surface === 'local' ? 'http' : 'https';
      if (headers.origin === `${scheme}://${headers.host}`) return undefined;
      return 'Only the dashboard itself, opened at this console’s own address, may do this.';
    }
    if (this.#hasSecret(headers)) return undefined;
    return 'Send X-Console-Token, with what stands in the file .weir/console.token.';
  }
}

/** What is read may cost something, such as the doctor's streams: another page can't have a browser ask for it. */
function readProblem(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return 'Only the dashboard itself may ask for this; open its address.';
}

function secureName(name: string): string {
  return `${name}_tls`;
}

function isSame(given: string | string[] | undefined, wanted: string | undefined): boolean {
  if (typeof given !== 'string' || wanted === undefined) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * What a request needs. `open`: nothing; it shows what any visitor of the page may see. `read`: a login, or the stack's
 * own account at the console's own port. `change`: the same, and the headers that no other site's page can send.
 */
export type RouteAccess = 'open' | 'read' | 'change';

/**
 * Every route of the console, on whichever surface it is served; a console with a route that is not here does not start.
 * Prompts, names, paths, process ids, and whatever changes or spends something, are never open.
 */
export const ROUTES: Readonly<Record<string, RouteAccess>> = {
  'GET /': 'open',
  'GET /*': 'open',
  'GET /healthz': 'open',
  'GET /config.json': 'open',
  'GET /login': 'open',
  // At the console's own port only, where Prometheus, as an account of its own, asks for it.
  'GET /metrics': 'open',
  'GET /api/diagnose': 'read',
  'GET /api/services': 'read',
  'GET /api/usage': 'read',
  'GET /api/compare': 'read',
  'GET /api/runs': 'read',
  'GET /api/runs/:id': 'read',
  'GET /api/runs/:id/events': 'read',
  'GET /api/runs/:id/report.json': 'read',
  'GET /api/runs/:id/report.csv': 'read',
  'GET /api/runs/:id/report.html': 'read',
  'POST /api/runs': 'change',
  'POST /api/runs/import': 'change',
  'POST /api/runs/:id/stop': 'change',
  'DELETE /api/runs/:id': 'change',
  'POST /api/comparison': 'change',
  'POST /api/drills': 'change',
  'POST /api/logins': 'change',
};

/**
 * @param path the route's pattern; undefined where no route was met, which is answered by the page or by 404
 * @throws Error for a route that is not in the table
 */
export function routeAccess(method: string, path: string | undefined): RouteAccess {
  if (path === undefined) return 'open';
  const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  const access = ROUTES[route];
  if (access === undefined) throw new Error(`The route ${route} does not say in console_access.ts who may use it.`);
  return access;
}

/** Names under which a browser on this machine may address the console. */
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a `Host` header names this machine. A page of another site can make a browser connect here by pointing its
 * own name at 127.0.0.1 (DNS rebinding); the name it was opened under then stands in this header.
 *
 * @param listenHost the address that the console was told to bind: whoever names it on purpose may also use it
 */
export function isLocalHost(header: string | undefined, listenHost: string): boolean {
  const name = (header ?? '').replace(/:\d{1,5}$/, '').toLowerCase();
  return LOCAL_NAMES.has(name) || name === listenHost.toLowerCase() || name === `[${listenHost.toLowerCase()}]`;
}
