import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartedProcess {
  pid: number;
  stop: () => Promise<void>;
}

/** Where a process answers: a port on 127.0.0.1, or the path of a Unix socket. */
export type Address = { port: number } | { path: string };

/** Starts a program and resolves when it takes connections. @throws Error with its output when it ends before */
export async function startProcess(
  command: string,
  args: readonly string[],
  address: Address,
  environment: Record<string, string> = {},
  cwd = '.',
): Promise<StartedProcess> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const exited = once(child, 'exit');
  for (let tries = 0; !(await answers(address)); tries++) {
    if (child.exitCode !== null || tries > 500) {
      child.kill('SIGKILL');
      throw new Error(`${command} ${args.join(' ')} did not start: ${errors || `exit ${child.exitCode}`}`);
    }
    await sleep(20);
  }
  return {
    pid: child.pid!,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(timer);
    },
  };
}

function answers(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('port' in address ? { ...address, host: '127.0.0.1' } : address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
