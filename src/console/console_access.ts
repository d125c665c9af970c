import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { type Logins, SESSION_SECONDS } from './logins.ts';
import { isOwnAccount } from './socket_owner.ts';

/** Why a request is refused. */
export interface Refusal {
  status: 401 | 403;
  error: 'login_required' | 'forbidden';
  message: string;
}

const LOG_IN: Refusal = {
  status: 401,
  error: 'login_required',
  message: 'Log in first: run "./weir dashboard" on the machine of the stack, and open the link that it prints.',
};

/** Everything that grants access. */
export interface Secrets {
  logins: Logins;
  /** Secret of programs that run under the stack's account. */
  token: string;
  /** Read for each request; undefined if clients need no key. */
  operatorKey: () => string | undefined;
  /** Distinguishes the cookies of several consoles on one host, because cookies ignore the port. */
  cookieName: string;
}

/** Decides who may do what at one surface of the console. */
export class ConsoleAccess {
  readonly #surface: 'local' | 'proxied';
  readonly #secrets: Secrets;

  constructor(surface: 'local' | 'proxied', secrets: Secrets) {
    this.#surface = surface;
    this.#secrets = secrets;
  }

  /**
   * Why a request is refused; undefined if it is allowed. Check the `Host` header first: it must name this machine, or
   * NGINX has set it.
   */
  async refusal(request: FastifyRequest): Promise<Refusal | undefined> {
    const access = routeAccess(request.method, request.routeOptions.url);
    if (access === 'open') return undefined;
    const problem = access === 'change' ? this.#changeProblem(request.headers) : readProblem(request.headers);
    if (problem !== undefined) return { status: 403, error: 'forbidden', message: problem };
    return (await this.isKnown(request)) ? undefined : LOG_IN;
  }

  /** Whether the sender of a request may see and change everything. */
  async isKnown({ headers, raw }: FastifyRequest): Promise<boolean> {
    if (this.#hasSecret(headers)) return true;
    const names = [this.#secrets.cookieName, secureName(this.#secrets.cookieName)];
    for (const part of (headers.cookie ?? '').split(';')) {
      const [name = '', value = ''] = part.trim().split('=', 2);
      if (names.includes(name) && this.#secrets.logins.holds(value)) return true;
    }
    // Behind NGINX, every connection comes from NGINX.
    return this.#surface === 'local' && isOwnAccount(raw.socket);
  }

  /** The `Set-Cookie` header that keeps a browser logged in. */
  cookieFor(session: string): string {
    const isSecure = this.#surface === 'proxied';
    // A secure cookie needs its own name: a page over plain HTTP cannot replace it.
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
   * A page of another site can send requests to this machine, but not with this console's Origin, nor with a secret,
   * nor with `application/json` without a preflight.
   */
  #changeProblem(headers: IncomingHttpHeaders): string | undefined {
    const type = headers['content-type'] ?? '';
    if (!/^application\/json(;|$)/i.test(type)) return 'Set Content-Type: application/json.';
    if (headers.origin !== undefined) {
      const scheme = this.#surface === 'local' ? 'http' : 'https';
      if (headers.origin === `${scheme}://${headers.host}`) return undefined;
      return 'Only the dashboard at this console’s own address can do this.';
    }
    if (this.#hasSecret(headers)) return undefined;
    return 'Send the header X-Console-Token with the content of .weir/console.token.';
  }
}

/** Reading can have a cost, such as the doctor's streams, so other sites' pages must not trigger it. */
function readProblem(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return 'Only the dashboard can request this. Open its address.';
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
 * What a request needs. `open`: nothing. `read`: a login, or the stack's own account at the console's own port.
 * `change`: the same, and headers that pages of other sites cannot send.
 */
export type RouteAccess = 'open' | 'read' | 'change';

/**
 * Every route of the console, on both surfaces. A console with a route that is not listed here does not start. Routes
 * that show prompts, names, paths or process ids, or that change or spend something, are never open.
 */
export const ROUTES: Readonly<Record<string, RouteAccess>> = {
  'GET /': 'open',
  'GET /*': 'open',
  'GET /healthz': 'open',
  'GET /config.json': 'open',
  'GET /login': 'open',
  // At the console's own port only. Prometheus usually runs under another account.
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
 * @param path the route's pattern; undefined if no route matched (the response is then the page or 404)
 * @throws Error for a route that is not in the table
 */
export function routeAccess(method: string, path: string | undefined): RouteAccess {
  if (path === undefined) return 'open';
  const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  const access = ROUTES[route];
  if (access === undefined) throw new Error(`Add the route ${route} to ROUTES in console_access.ts.`);
  return access;
}

/** Host names that a browser on this machine may use for the console. */
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a `Host` header names this machine. A page of another site can point its own name at 127.0.0.1 (DNS
 * rebinding); this header then contains that name.
 *
 * @param listenHost the address that the console is configured to listen on; it is allowed too
 */
export function isLocalHost(header: string | undefined, listenHost: string): boolean {
  const name = (header ?? '').replace(/:\d{1,5}$/, '').toLowerCase();
  return LOCAL_NAMES.has(name) || name === listenHost.toLowerCase() || name === `[${listenHost.toLowerCase()}]`;
}
