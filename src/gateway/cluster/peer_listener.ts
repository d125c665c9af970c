import { createServer, type Server } from 'node:http';
import type { ListenOptions } from 'node:net';

/**
 * The private way for one instance to another. It stays open until the process exits, so a refused connection, or the
 * answer of another boot, proves that this boot is dead.
 */
export function peerListener(instance: string, boot: string, listen: ListenOptions): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/boot') {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ instance, boot }));
      return;
    }
    response.writeHead(404).end();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => resolve(server));
  });
}
