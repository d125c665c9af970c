import { join } from 'node:path';
import { type StartedProcess, startProcess } from './start_process.ts';

/** Redis as the stack runs it: memory only, on a Unix socket. @returns its URL for an instance, beside the process */
export async function startRedis(directory: string): Promise<StartedProcess & { url: string }> {
  const socket = join(directory, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', directory];
  return { ...(await startProcess('redis-server', args, { path: socket })), url: `unix://${socket}` };
}
