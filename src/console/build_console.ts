import fastify, { type FastifyInstance } from 'fastify';
import type { ConsoleConfig } from './console_config.ts';
import { registerDashboard } from './dashboard_routes.ts';
import { diagnosis, type Finding } from './diagnose.ts';
import { isLocalHost } from './host_guard.ts';

/** Repeated questions within this time get the same answer, so that no page can make the console hammer the API. */
const DIAGNOSIS_TTL_MS = 1000;

/**
 * The page talks to the API at whatever address the user named, and to nothing else. Styles are set by script (chart,
 * positions), hence `unsafe-inline` for them alone.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' https: http://localhost:* http://127.0.0.1:*",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/**
 * The console's HTTP surface; the caller listens.
 *
 * @param surface `local`: a TCP port on this machine, where the `Host` header must name it. `proxied`: NGINX's socket;
 *   the page then has the API at its own origin.
 */
export function buildConsole(config: ConsoleConfig, surface: 'local' | 'proxied'): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  const apiBaseUrl = surface === 'local' ? config.apiBaseUrl : '/api/v1';
  const findings = shared(diagnosis(config));

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    if (surface === 'local' && !isLocalHost(request.headers.host, config.host)) {
      const message = 'Open the dashboard as http://localhost, with its port.';
      return reply.code(403).send({ error: 'forbidden', message });
    }
  });
  app.get('/healthz', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  app.get('/config.json', async (_request, reply) => reply.header('cache-control', 'no-store').send({ apiBaseUrl }));
  app.get('/api/diagnose', async (_request, reply) => {
    return reply.header('cache-control', 'no-store').send({ findings: await findings() });
  });
  registerDashboard(app, config.dashboardDir);
  return app;
}

/** Runs at most one diagnosis at a time and keeps its result for {@link DIAGNOSIS_TTL_MS}. */
function shared(look: () => Promise<Finding[]>): () => Promise<Finding[]> {
  let current: Promise<Finding[]> | undefined;
  return () => {
    current ??= look().finally(() => {
      setTimeout(() => {
        current = undefined;
      }, DIAGNOSIS_TTL_MS).unref();
    });
    return current;
  };
}
