import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { ConsoleAccess, isLocalHost, routeAccess } from './console_access.ts';
import type { ConsoleConfig } from './console_config.ts';
import { registerDashboard } from './dashboard_routes.ts';
import { diagnosis, type Finding } from './diagnose.ts';
import { registerDrills } from './drill_routes.ts';
import { type Logins, registerLogins } from './logins.ts';
import { registerMetrics } from './metrics_routes.ts';
import type { RunBook } from './run_book.ts';
import { registerRunChanges, registerRunViews } from './run_routes.ts';
import { ownKey } from './run_target.ts';
import type { StackServices } from './stack_services.ts';
import { registerUsage } from './usage_routes.ts';

/** Requests within this time share one diagnosis, so that no page can overload the API. */
const DIAGNOSIS_TTL_MS = 1000;

/**
 * The page may connect to any https address, because the user chooses the address of the API. Scripts set styles
 * (charts, positions), so styles need `unsafe-inline`.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' https: http://localhost:* http://127.0.0.1:*",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** Shared by both surfaces of a console. */
export interface ConsoleParts {
  book: RunBook;
  stack: StackServices;
  /** Secret of programs that run under the stack's account. */
  token: string;
  logins: Logins;
  /** Called for failures that no request waits for. */
  onFailure: (error: Error) => void;
}

/**
 * The console's HTTP surface; the caller listens.
 *
 * @param surface `local`: a TCP port on this machine. The `Host` header must name this machine, and the stack's own
 *   account needs no login. `proxied`: behind NGINX, at the same origin as the API; needs a login or a secret.
 */
export function buildConsole(
  config: ConsoleConfig,
  surface: 'local' | 'proxied',
  parts: ConsoleParts,
): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  const isLocal = surface === 'local';
  const apiBaseUrl = surface === 'local' ? config.apiBaseUrl : '/api/v1';
  const consoleUrl = `http://localhost:${config.port}`;
  const findings = shared(diagnosis(config));
  const access = new ConsoleAccess(surface, {
    logins: parts.logins,
    token: parts.token,
    operatorKey: () => ownKey(config),
    cookieName: `weir_login_${config.port}`,
  });

  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routeAccess(each, url);
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    if (isLocal && !isLocalHost(request.headers.host, config.host)) {
      const message = 'Open the dashboard at http://localhost with its port.';
      return reply.code(403).send({ error: 'forbidden', message });
    }
    const refusal = await access.refusal(request);
    if (refusal === undefined) return;
    const { status, error, message } = refusal;
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="weir console"');
    return reply.code(status).header('cache-control', 'no-store').send({ error, message });
  });
  useJsonBodies(app);
  app.get('/healthz', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  app.get('/config.json', async (request, reply) => {
    const canRun = await access.isKnown(request);
    const canDrill = canRun && parts.stack.canDrill;
    const instances = parts.stack.expected();
    const page = { apiBaseUrl, canRun, canDrill, login: !canRun, instances, consoleUrl };
    return reply.header('cache-control', 'no-store').send(page);
  });
  app.get('/api/diagnose', async (_request, reply) => {
    return reply.header('cache-control', 'no-store').send({ findings: await findings() });
  });
  registerLogins(app, parts.logins, (session) => access.cookieFor(session));
  registerRunViews(app, parts.book);
  registerRunChanges(app, config, parts.book, parts.stack);
  registerDrills(app, parts.stack, parts.onFailure);
  registerUsage(app, config);
  if (isLocal) registerMetrics(app, parts.stack);
  registerDashboard(app, config.dashboardDir);
  return app;
}

/** Runs at most one diagnosis at a time and keeps its result for {@link DIAGNOSIS_TTL_MS}. */
function shared(diagnose: () => Promise<Finding[]>): () => Promise<Finding[]> {
  let current: Promise<Finding[]> | undefined;
  return () => {
    current ??= diagnose().finally(() => {
      setTimeout(() => {
        current = undefined;
      }, DIAGNOSIS_TTL_MS).unref();
    });
    return current;
  };
}

/** Accepts JSON objects and empty bodies. Errors are JSON without a stack trace. */
export function useJsonBodies(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, text: string) => {
    // The page sends DELETE with a content type and without a body.
    if (text === '') return {};
    const value: unknown = parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw Object.assign(new Error('Send a JSON object.'), { statusCode: 400, code: 'invalid_json' });
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    const code = status === 413 ? 'payload_too_large' : status < 500 ? 'invalid_json' : 'internal_error';
    return reply.code(status).send({ error: code, message: error.message });
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
