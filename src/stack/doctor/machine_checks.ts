import { existsSync, statfsSync } from 'node:fs';
import { portOwner, portProblem, wantedPorts } from '../machine/port_problem.ts';
import { findCommand } from '../machine/run_command.ts';
import { isAtLeast, nginxVersion, OLDEST_NGINX } from '../nginx/nginx_program.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, startCommand, warn } from './check.ts';

const OLDEST_NODE = 26;
const LOW_DISK_BYTES = 200 * 1024 * 1024;

/** Node.js itself. */
export function checkRuntime(version = process.versions.node): Check {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return ok('runtime', `Node.js ${version}`);
  const why = 'Weir is TypeScript, which older versions do not run.';
  return fail('runtime', `Node.js ${version} is too old`, why, `use ./weir, which installs Node.js ${OLDEST_NODE}`);
}

const missing = (id: 'nginx_installed' | 'redis_installed', name: string) =>
  fail(id, `${name} is not installed`, 'The stack needs it.', `sudo apt-get install ${name}`);

/** NGINX, which the machine provides. */
export async function checkNginxInstalled({ searchPath }: DoctorContext): Promise<Check> {
  const id = 'nginx_installed';
  const nginx = findCommand('nginx', searchPath);
  if (!nginx) return missing(id, 'nginx');
  const version = await nginxVersion(nginx);
  if (isAtLeast(version, OLDEST_NGINX)) return ok(id, `NGINX ${version}`);
  const why = `Weir's configuration needs ${OLDEST_NGINX} or newer.`;
  return fail(id, `NGINX ${version} is too old`, why, 'sudo apt-get install nginx');
}

/** Redis, which the machine provides. */
export function checkRedisInstalled({ searchPath }: DoctorContext): Check {
  const redis = findCommand('redis-server', searchPath);
  return redis ? ok('redis_installed', redis) : missing('redis_installed', 'redis-server');
}

/** Whether the stack uses its ports or could use them; otherwise which process has them, or why not. */
export async function checkPorts(context: DoctorContext, { services, nginxRuns }: Situation): Promise<Check> {
  const id = 'ports';
  const wanted = wantedPorts(context.options);
  const list = wanted.map(({ port }) => port).join(', ');
  if (nginxRuns) return ok(id, `${list} are in use by this stack`);
  const why = 'Without them NGINX does not start, and the browser shows ERR_CONNECTION_REFUSED, or another server.';
  const onward = services.length > 0 ? './weir restart nginx' : startCommand(context);
  const own = new Set(services.map(({ pid }) => pid));
  const owners = wanted.map(({ port, flag }) => ({ port, flag, owner: portOwner(port) }));
  const [taken] = owners.filter(({ owner }) => owner && !own.has(owner.pid));
  if (taken) {
    const { port, flag, owner } = taken;
    const what = `port ${port} is taken by ${owner!.name} (pid ${owner!.pid})`;
    return fail(id, what, `${why} ${flag} chooses another one.`, `kill ${owner!.pid} && ${onward}`);
  }
  const problem = await portProblem(wanted.filter(({ port }) => !owners.find((one) => one.port === port)?.owner));
  if (!problem) return ok(id, services.length > 0 ? `no other process uses ${list}` : `${list} are free`);
  return fail(id, problem.problem, why, problem.fix);
}

/** Room for logs. */
export function checkDisk({ layout }: DoctorContext): Check {
  const { bavail, bsize } = statfsSync(existsSync(layout.state) ? layout.state : layout.root);
  const free = bavail * bsize;
  const what = `${Math.floor(free / 1024 / 1024)} MiB free for logs`;
  if (free > LOW_DISK_BYTES) return ok('disk', what);
  return warn('disk', what, 'Logs take up to 32 MiB for each service.', `free some space at ${layout.state}`);
}
