import { existsSync, statfsSync } from 'node:fs';
import { fileLimit, raiseFileLimit } from '../machine/file_limit.ts';
import { findCommand } from '../machine/find_command.ts';
import { portProblem } from '../machine/port_check.ts';
import { wantedPorts } from '../native/check_ports.ts';
import { nginxConfProblem, nginxVersion } from '../nginx/test_nginx_conf.ts';
import { streamTotal } from '../stack_options.ts';
import { type Check, type DoctorContext, fail, ok, warn } from './check.ts';

const OLDEST_NODE = 24;
const LOW_DISK_BYTES = 200 * 1024 * 1024;

/** Node.js itself. */
export function checkRuntime(version = process.versions.node): Check {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return ok('runtime', `Node.js ${version}`);
  const why = 'The program is TypeScript, which older ones do not run.';
  return fail('runtime', `Node.js ${version} is too old`, why, `use ./weir, which installs Node.js ${OLDEST_NODE}`);
}

/** The two programs that are not ours. */
export async function checkPrograms({ searchPath, options }: DoctorContext): Promise<Check[]> {
  const missing = (id: string, name: string) =>
    fail(id, `${name} is not installed`, 'The stack is built around it.', `sudo apt-get install ${name}`);
  const nginx = findCommand('nginx', searchPath);
  const checks = [
    nginx ? ok('nginx_installed', `NGINX ${await nginxVersion(nginx)}`) : missing('nginx_installed', 'nginx'),
  ];
  if (options.redisUrl === undefined) {
    const redis = findCommand('redis-server', searchPath);
    checks.push(redis ? ok('redis_installed', redis) : missing('redis_installed', 'redis-server'));
  }
  return checks;
}

/** `nginx -t` on the configuration that was written last. */
export async function checkConfiguration({ layout, searchPath }: DoctorContext): Promise<Check> {
  const id = 'nginx_config';
  const nginx = findCommand('nginx', searchPath);
  // A stopped stack has no run folder, which the file names; the next start makes both.
  if (!nginx || !existsSync(layout.nginxConf) || !existsSync(layout.run)) {
    return ok(id, 'none in use; start writes and checks it');
  }
  const problem = await nginxConfProblem(nginx, layout.state, layout.nginxConf);
  if (!problem) return ok(id, `${layout.nginxConf} is good`);
  const why = 'NGINX does not start or reload with a file that it refuses.';
  return fail(id, `NGINX refuses its configuration: ${problem}`, why, './weir restart (which writes it anew)');
}

/** Ports; `runs` means that our own NGINX is expected to hold them. */
export async function checkPorts({ options }: DoctorContext, runs: boolean): Promise<Check> {
  const id = 'ports';
  const { httpPort, httpsPort, dashboardPort, all } = options;
  const list = all ? `${httpsPort}, ${httpPort} and ${dashboardPort}` : `${httpsPort} and ${httpPort}`;
  if (runs) return ok(id, `${list} are in use by this stack`);
  const problem = await portProblem(wantedPorts(options));
  if (!problem) return ok(id, `${list} are free`);
  return fail(id, problem.problem, 'Two programs cannot listen on one port.', problem.mend);
}

/** Open files against the streams that the options allow. */
export function checkFileLimit({ options }: DoctorContext): Check {
  const id = 'file_limit';
  const wanted = streamTotal(options);
  const { files, streams } = fileLimit(wanted);
  if (streams >= wanted) return ok(id, `${files} open files are enough for ${wanted} streams`);
  const what = `the file limit allows ${streams} of ${wanted} streams at once`;
  const mend = `${raiseFileLimit(wanted)} (or a smaller --max-connections)`;
  return warn(id, what, 'A stream through NGINX takes two connections.', mend);
}

/** Room for logs. */
export function checkDisk({ layout }: DoctorContext): Check {
  const { bavail, bsize } = statfsSync(existsSync(layout.state) ? layout.state : layout.root);
  const free = bavail * bsize;
  const what = `${Math.floor(free / 1024 / 1024)} MiB free for logs`;
  if (free > LOW_DISK_BYTES) return ok('disk', what);
  return warn('disk', what, 'Logs take up to 32 MiB for each service.', `free some space at ${layout.state}`);
}
