import { spawn } from 'node:child_process';
import { instanceArgs } from '../stack/instance_command.ts';
import { portProblem } from '../stack/machine/port_problem.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { say } from './reporter.ts';
import { checkedConfig } from './stack_access.ts';

/** `dev`: one instance in the foreground, without NGINX and Redis: with the limits of one instance: 3 streams per user. */
export async function devCommand(port: number, environment: Environment): Promise<number> {
  const problem = await portProblem([{ port, host: '127.0.0.1', flag: '--port' }]);
  if (problem) throw problem;
  const config = checkedConfig(DEFAULT_STACK_OPTIONS, environment);
  if (config !== undefined) say(config);
  const child = spawn(process.execPath, instanceArgs(environment.root), {
    cwd: environment.root,
    stdio: 'inherit',
    env: {
      ...environment.all,
      INSTANCE_ID: 'dev',
      HOST: '127.0.0.1',
      PORT: String(port),
      // Empty means unset: variables that the shell sets for a stack must not reach this instance.
      SOCKET: '',
      PEER_SOCKET: '',
      REDIS_URL: '',
      POOL_SCOPE: '',
      AUTH_MODE: '',
      WEIR_CONFIG: environment.configFile ?? '',
    },
  });
  say(`one instance at http://localhost:${port}, without NGINX: 3 streams per user instead of 9`);
  say(
    `try it: curl http://localhost:${port}/api/v1/health   load test: ./weir load http://localhost:${port}   end: Ctrl-C`,
  );
  // Ctrl-C reaches every process of the terminal, so also the instance; `kill` reaches this process only.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
