import type { FastifyInstance } from 'fastify';
import type { ConsoleAccess } from './console_access.ts';
import { LINK_SECONDS, type Logins } from './logins.ts';
import { plainPage } from './plain_page.ts';

const NEW_LINK = 'On the machine of the stack, this gives a new link: <code>./weir dashboard</code>';

/** Links that log a browser in: `POST /api/logins` makes one, `GET /login` takes it. */
export function registerLogins(app: FastifyInstance, logins: Logins, access: ConsoleAccess): void {
  app.post('/api/logins', async (_request, reply) => {
    const path = `/login?code=${logins.newCode()}`;
    return reply.code(201).header('cache-control', 'no-store').send({ path, expires_in_seconds: LINK_SECONDS });
  });

  // Only a GET takes it: programs that look ahead at links send HEAD.
  app.get<{ Querystring: { code?: string | string[] } }>(
    '/login',
    { exposeHeadRoute: false },
    async ({ query: { code } }, reply) => {
      reply.header('cache-control', 'no-store');
      const session = typeof code === 'string' ? logins.enter(code) : undefined;
      if (session !== undefined) return reply.header('set-cookie', access.cookieFor(session)).redirect('/', 303);
      const page =
        code === undefined
          ? plainPage('Log in with a link', NEW_LINK)
          : plainPage(
              'This link does not log in any more',
              'It was used already, is older than 15 minutes, or was not copied whole; each link works once.',
              NEW_LINK,
            );
      return reply.code(403).type('text/html; charset=utf-8').send(page);
    },
  );
}
