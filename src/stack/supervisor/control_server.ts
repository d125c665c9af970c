import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ScaleRequest } from './service_spec.ts';
import type { Supervisor } from './supervisor.ts';

/** Enough for the specifications of 64 instances; only the stack's own account can send them. */
const MAX_BODY_CHARACTERS = 4_000_000;
const SIGNALS = ['SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGCONT'] as const;

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const piece of request) {
    text += piece;
    if (text.length > MAX_BODY_CHARACTERS) throw new Error('the request is too large');
  }
  return JSON.parse(text);
}

async function serve(supervisor: Supervisor, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://control');
  const [, area, name = '', action] = url.pathname.split('/');
  if (request.method === 'GET' && area === 'status') return { services: await supervisor.status() };
  if (request.method !== 'POST') return undefined;
  if (area === 'scale') {
    await supervisor.scale((await bodyOf(request)) as ScaleRequest);
    return {};
  }
  if (area === 'reload') return { instances: await supervisor.reload() };
  if (area !== 'services') return undefined;
  if (action === 'start') await supervisor.start(name);
  else if (action === 'stop') await supervisor.stop(name);
  else if (action === 'restart') await supervisor.restart(name, url.searchParams.has('lossless'));
  else if (action === 'kill') {
    const signal = SIGNALS.find((known) => known === url.searchParams.get('signal'));
    if (!signal) throw new Error(`the signal must be one of ${SIGNALS.join(', ')}`);
    if (!supervisor.kill(name, signal)) throw new Error(`${name} has no process now`);
  } else return undefined;
  return {};
}

/**
 * The supervisor's API for the command line: HTTP on a Unix socket that only the stack's own account can reach.
 *
 * `GET /status`, `POST /services/<name>/start|stop|restart?lossless=1|kill?signal=…`, `POST /scale` with a
 * {@link ScaleRequest}, `POST /reload`, `POST /stop?now=1`. Answers are JSON; a failure is 500 with `{"message"}`. `onStop` runs before
 * /stop is answered.
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
