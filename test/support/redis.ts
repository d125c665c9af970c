import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A real Redis server on a Unix socket of its own. */
export interface TestRedis {
  url: string;
  process: ChildProcess;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Asks it with redis-cli. */
  cli(...args: string[]): Promise<string>;
  readonly running: boolean;
  close(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-redis-'));
  const socket = join(folder, 'redis.sock');
  const redis: TestRedis = {
    url: `unix://${socket}`,
    process: undefined as unknown as ChildProcess,
    async start() {
      redis.process = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder]);
      const ready = Promise.withResolvers<void>();
      redis.process.once('error', ready.reject);
      redis.process.stdout?.on('data', (text) => String(text).includes('ready to accept') && ready.resolve());
      await ready.promise;
    },
    async kill() {
      redis.process.kill('SIGKILL');
      await once(redis.process, 'exit');
    },
    get running() {
      return redis.process.exitCode === null && redis.process.signalCode === null;
    },
    cli: async (...args) => (await promisify(execFile)('redis-cli', ['-s', socket, ...args])).stdout.trim(),
    async close() {
      if (redis.running) await redis.kill();
      rmSync(folder, { recursive: true });
    },
  };
  await redis.start();
  return redis;
}
