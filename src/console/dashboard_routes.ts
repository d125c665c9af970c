import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { missingBuildPage } from './plain_pages.ts';

/** File names below this folder contain a hash of their content, so browsers may cache them forever. */
const HASHED = /[/\\]assets[/\\]/;

/** Serves the built dashboard. Other paths that look like a page get index.html. */
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
    // Checked for each request, so that a build that ends later appears at the next reload.
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
    return reply
      .code(404)
      .send({ error: 'not_found', message: 'There is nothing at this address. Open / for the dashboard.' });
  });
}

/** Whether a request is a navigation. Missing scripts and API paths must not get HTML with status 200. */
function isPage(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  return !path.startsWith('/api/') && !path.startsWith('/assets/') && !/\.[a-z0-9]+$/i.test(path);
}
