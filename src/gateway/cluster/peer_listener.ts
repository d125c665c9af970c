import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import type { UsageView, UserUsageView } from '../../formats/cluster/usage_row.ts';
import { secretCheck } from './peer_secret.ts';

// An import would read all of its exports, one of which loads Node's own fetch: 0.1 s of CPU at each start.
const { createServer } = process.getBuiltinModule('node:http');

export const SECRET_HEADER = 'x-peer-secret';
/** In a request: the incarnation that is asked for. In each answer to a client with the secret: the one that answers. */
export const INCARNATION_HEADER = 'x-weir-boot';

/** In a request: as `ReaderWish` has it. */
export const NOW = 'x-weir-now';
export const REFUSES_REGRESSED = 'x-weir-refuses-regressed';

/** What a peer may ask of streams; the caller's right was checked by the instance that asks. */
export interface ResumableServices {
  /** Of the newest incarnation; a process that was fenced had others. */
  incarnation(): string;
  isMine(incarnation: string): boolean;
  /** @returns false where there is no such stream here */
  read(threadId: string, request: IncomingMessage, response: ServerResponse): boolean;
  cancel(threadId: string): boolean;
}

export interface PeerServices extends ResumableServices {
  /** For the stack's own account: its tools have no other way to Redis. Rejects where that does not answer. */
  usage(days: number): Promise<UsageView>;
  usageOfUsers(days: number): Promise<UserUsageView>;
}

/**
 * The private way from one instance to another. It stays open until the process exits, so a refused connection, or an
 * answer for another incarnation (410), proves that this incarnation is dead.
 * @param secret empty where only the deployment's own account can reach the listener
 */
export function peerListener(services: PeerServices, secret: string, listen: ListenOptions): Promise<Server> {
  const hasSecret = secretCheck(secret);
  const server = createServer((request, response) => {
    const [, area, threadId = '', more] = (request.url ?? '/').split('/');
    const end = (status: number) => void response.writeHead(status).end();
    if (!hasSecret(request.headers[SECRET_HEADER])) return end(404);
    response.setHeader(INCARNATION_HEADER, services.incarnation());
    if (request.method === 'GET' && area === 'usage')
      void sendUsage(more === 'users' ? services.usageOfUsers : services.usage, Number(threadId), response);
    else if (area !== 'threads') end(404);
    else if (!services.isMine(String(request.headers[INCARNATION_HEADER]))) end(410);
    else if (request.method === 'DELETE') end(services.cancel(threadId) ? 202 : 404);
    else if (!services.read(threadId, request, response)) end(404);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => resolve(server));
  });
}

/** `/usage/7`: the last seven days; `/usage/7/users`: of each user. */
async function sendUsage(
  usage: (days: number) => Promise<UsageView | UserUsageView>,
  days: number,
  response: ServerResponse,
): Promise<void> {
  if (!Number.isInteger(days) || days < 1) return void response.writeHead(400).end();
  try {
    const body = JSON.stringify(await usage(days));
    response.setHeader('Content-Type', 'application/json').end(body);
  } catch {
    response.writeHead(503).end();
  }
}
