import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { missingBuildPage } from './plain_pages.ts';

/** Vite puts a hash of the content into the names below this folder, so a name never changes its meaning. */
const HASHED = /[/\\]assets[/\\]/;

/** Serves the built dashboard; every other path that a page could have gets index.html, its router does the rest. */
export function registerDashboard(app: FastifyInstance, dashboardDir: string): void {
  const root = resolve(dashboardDir);
  app.register(fastifyStatic, {
    root,
    index: false,
    wildcard: true,
    cacheControl: false,
    setHeaders(reply, path) {
      reply.header('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  const sendPage = async (reply: FastifyReply) => {
    // Looked at each time: a build that ends after the start must show up at the next reload.
    if (existsSync(join(root, 'index.html'))) return reply.sendFile('index.html');
    return reply
      .code(503)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(missingBuildPage(dashboardDir));
  };
  app.get('/', async (_request, reply) => sendPage(reply));
  app.setNotFoundHandler(async (request, reply) => {
    if (isPage(request)) return sendPage(reply);
    return reply.code(404).send({ error: 'not_found', message: 'There is nothing here; open / for the dashboard.' });
  });
}

/** A navigation, not a missing script or an API path: those must not get HTML with status 200. */
function isPage(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  return !path.startsWith('/api/') && !path.startsWith('/assets/') && !/\.[a-z0-9]+$/i.test(path);
}
