import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import type { UsageView } from '../../protocol/usage_row.ts';

/** What a peer may ask of threads; the caller's right was checked by the instance that asks. */
export interface ThreadServices {
  /** Of the newest incarnation; a process that was fenced had others. */
  boot(): string;
  isMine(boot: string): boolean;
  /** @returns false where there is no such thread here */
  read(threadId: string, request: IncomingMessage, response: ServerResponse): boolean;
  cancel(threadId: string): boolean;
}

export interface PeerServices extends ThreadServices {
  /** For the stack's own account: its tools have no other way to Redis. Rejects where that does not answer. */
  usage(days: number): Promise<UsageView>;
}

/**
 * The private way from one instance to another. It stays open until the process exits, so a refused connection, or an
 * answer for another boot (410), proves that this boot is dead.
 * @param secret empty where only the deployment's own account can reach the listener
 */
export function peerListener(services: PeerServices, secret: string, listen: ListenOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const [, area, threadId = ''] = (request.url ?? '/').split('/');
    const end = (status: number) => void response.writeHead(status).end();
    if (request.method === 'GET' && area === 'boot') {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ boot: services.boot() }));
    } else if (secret !== '' && request.headers['x-peer-secret'] !== secret) end(404);
    else if (request.method === 'GET' && area === 'usage') void sendUsage(services, Number(threadId), response);
    else if (area !== 'threads') end(404);
    else if (!services.isMine(String(request.headers['x-weir-boot']))) end(410);
    else if (request.method === 'DELETE') end(services.cancel(threadId) ? 202 : 404);
    else if (!services.read(threadId, request, response)) end(404);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => resolve(server));
  });
}

/** `/usage/7`: the last seven days. */
async function sendUsage({ usage }: PeerServices, days: number, response: ServerResponse): Promise<void> {
  if (!Number.isInteger(days) || days < 1) return void response.writeHead(400).end();
  try {
    const body = JSON.stringify(await usage(days));
    response.setHeader('Content-Type', 'application/json').end(body);
  } catch {
    response.writeHead(503).end();
  }
}
