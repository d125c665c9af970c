import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';

/** What a peer may ask for; the caller's right was checked by the instance that asks. */
export interface PeerServices {
  /** Of the newest incarnation; a process that was fenced had others. */
  boot(): string;
  isMine(boot: string): boolean;
  /** @returns false where there is no such thread here */
  read(threadId: string, request: IncomingMessage, response: ServerResponse): boolean;
  cancel(threadId: string): boolean;
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
    } else if (area !== 'threads' || (secret !== '' && request.headers['x-peer-secret'] !== secret)) end(404);
    else if (!services.isMine(String(request.headers['x-weir-boot']))) end(410);
    else if (request.method === 'DELETE') end(services.cancel(threadId) ? 202 : 404);
    else if (!services.read(threadId, request, response)) end(404);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => resolve(server));
  });
}
