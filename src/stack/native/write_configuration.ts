import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { fileLimit, raiseFileLimit } from '../machine/file_limit.ts';
import { workerAccount } from '../machine/worker_account.ts';
import { nativeNginxPlan } from '../nginx/native_plan.ts';
import type { NginxPlan } from '../nginx/nginx_plan.ts';
import { nginxConfProblem } from '../nginx/nginx_program.ts';
import { renderNginxConf } from '../nginx/render_nginx_conf.ts';
import { writeRedisConf } from '../redis/redis_specs.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import { streamTotal } from '../stack_options.ts';
import type { FoundPrograms, NativeContext } from './native_context.ts';

/**
 * Only NGINX's workers may pass through the run folder (without listing it): files in it get their group. They may not
 * enter `private` below it. A folder that another account made (in /tmp any account can) is refused.
 */
function makeRunFolder(layout: StackLayout, uid: number, gid: number | undefined): void {
  mkdirSync(layout.run, { recursive: true, mode: 0o700 });
  const found = lstatSync(layout.run);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new StackError(
      `${layout.run} belongs to another account`,
      'remove it, or set XDG_RUNTIME_DIR to your own folder',
    );
  }
  const bodies = path.join(layout.run, 'nginx');
  mkdirSync(bodies, { recursive: true });
  mkdirSync(layout.privateRun, { recursive: true });
  for (const folder of [layout.run, bodies]) {
    if (gid !== undefined) chownSync(folder, uid, gid);
    chmodSync(folder, gid === undefined ? 0o700 : 0o2710);
  }
  chmodSync(layout.privateRun, 0o700);
}

/**
 * Writes the configuration of NGINX and Redis, makes the folders, and lets NGINX check its file.
 *
 * Returns NGINX's plan, and a sentence where the machine's file limit is below what the options ask for.
 */
export async function writeConfiguration(
  context: NativeContext,
  programs: FoundPrograms,
): Promise<{ plan: NginxPlan; remark: string | undefined }> {
  const { layout, options, uid } = context;
  const workers = uid === 0 ? workerAccount() : undefined;
  for (const folder of [layout.state, layout.logs, layout.redisData])
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  makeRunFolder(layout, uid, workers?.gid);
  const wanted = streamTotal(options);
  const limit = fileLimit(wanted);
  const plan = nativeNginxPlan(layout, options, {
    nginxVersion: programs.nginxVersion,
    workers,
    hasIpv6: Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1')),
    limit,
    corsOrigins: context.corsOrigins,
  });
  writeFileSync(layout.nginxConf, renderNginxConf(plan), { mode: 0o644 });
  if (programs.redis !== undefined) writeRedisConf(layout, programs.redisPorts);
  const problem = await nginxConfProblem(programs.nginx, layout.state, layout.nginxConf);
  if (problem) throw new StackError(`NGINX refuses its configuration (${problem})`, 'see ./weir doctor');
  if (limit.streams >= wanted) return { plan, remark: undefined };
  const remark = `the file limit (${limit.files}) allows ${limit.streams} of ${wanted} streams at once; for more: ${raiseFileLimit(wanted)}`;
  return { plan, remark };
}

/** Removes the run folder. */
export async function removeRunFolder(layout: StackLayout): Promise<void> {
  rmSync(layout.run, { recursive: true, force: true });
}
