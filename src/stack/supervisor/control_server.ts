import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Supervisor } from './supervisor.ts';

const SIGNALS = ['SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGCONT'] as const;

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function serve(supervisor: Supervisor, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://control');
  const [, area, name = '', action] = url.pathname.split('/');
  if (request.method === 'GET' && area === 'status') return { services: await supervisor.status() };
  if (request.method !== 'POST' || area !== 'services') return undefined;
  if (action === 'start') await supervisor.start(name);
  else if (action === 'restart') await supervisor.restart(name);
  else if (action === 'kill') {
    const signal = SIGNALS.find((known) => known === url.searchParams.get('signal'));
    if (!signal) throw new Error(`the signal has to be one of ${SIGNALS.join(', ')}`);
    if (!supervisor.kill(name, signal)) throw new Error(`${name} has no process now`);
  } else return undefined;
  return {};
}

/**
 * The supervisor's door for the command line: HTTP on a Unix socket which only the stack's own account can reach.
 *
 * `GET /status`, `POST /services/<name>/start|restart|kill?signal=…`, `POST /stop?now=1`. Answers are JSON; a
 * failure is 500 with `{"message"}`. `onStop` runs before /stop is answered.
 */
export function controlServer(supervisor: Supervisor, onStop: (now: boolean) => Promise<void>): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://control');
    const work =
      request.method === 'POST' && url.pathname === '/stop'
        ? onStop(url.searchParams.has('now')).then(() => ({}))
        : serve(supervisor, request);
    work.then(
      (body) => answer(response, body === undefined ? 404 : 200, body ?? { message: 'there is no such command' }),
      (error: Error) => answer(response, 500, { message: error.message }),
    );
  });
}
