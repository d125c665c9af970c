import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { instanceArgs } from '../../src/stack/instance_command.ts';

/** One line of an instance's log. */
export interface LogLine {
  stage: string;
  event: string;
  level: string;
  [field: string]: unknown;
}

/** A real instance as a process of its own, on a free port. */
export interface Instance {
  url: string;
  port: number;
  process: ChildProcess;
  lines: LogLine[];
  exited: Promise<number | null>;
  stop(): Promise<void>;
}

/**
 * Starts an instance and resolves when it is ready; what it prints otherwise is part of the error.
 * @param root of the checkout whose code it runs
 */
export async function startInstance(environment: Record<string, string> = {}, root = '.'): Promise<Instance> {
  const { PATH, NODE_COMPILE_CACHE, WEIR_PLAIN_IO } = process.env;
  const child = spawn(process.execPath, instanceArgs(path.resolve(root)), {
    cwd: root,
    env: {
      PATH,
      NODE_COMPILE_CACHE,
      WEIR_PLAIN_IO,
      INSTANCE_ID: 'app-1',
      PORT: '0',
      DRAIN_SECONDS: '0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const lines: LogLine[] = [];
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ready = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    if (line.event === 'Ready') ready.resolve((line.address as { port: number }).port ?? 0);
  });
  void exited.then((code) => ready.reject(new Error(`exit ${code}: ${errors} ${JSON.stringify(lines.at(-1))}`)));
  const port = await ready.promise;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    process: child,
    lines,
    exited,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
