import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A console of its own, for pages whose API is not the stack's. The dashboard must have been built. */
export async function startConsole(apiBaseUrl: string, port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['src/console/main.ts'], {
    env: { PATH: process.env.PATH, CONSOLE_PORT: `${port}`, API_BASE_URL: apiBaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = Promise.withResolvers<void>();
  const exited = once(child, 'exit');
  void exited.then(([code]) => ready.reject(new Error(`the console ended with ${code}`)));
  createInterface({ input: child.stdout }).on('line', (line) => line.includes('is served') && ready.resolve());
  await ready.promise;
  return {
    url: `http://localhost:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
